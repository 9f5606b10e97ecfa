import { NO_TASKS } from '../support/no-tasks.ts';
import { type Work, worker } from './work.ts';

/** How a flow has ended, as the launcher tells the scheduler. */
export interface Ended {
  readonly attempt: number;
  readonly exitCode: number;
}

/** One answer of the played scheduler of this attempt, but for `seq` and `time`. `running`: names of its workers. */
export function sample(
  { uid, attempt }: { uid: string; attempt: number },
  { running, work, ended }: { running: readonly string[]; work: Work | undefined; ended: Ended | undefined },
): object {
  return {
    version: 1,
    uid,
    attempt,
    workers: running.map((name) => worker(name, 0)),
    workers_total: running.length,
    tasks: NO_TASKS,
    demand: [],
    ...work?.picture,
    prefixes: {},
    keys_wanted: false,
    scatters_waiting: 0,
    idle_seconds: 0,
    result: ended?.attempt === attempt ? report(uid, ended) : null,
    launcher_seen: true,
    versions: {},
  };
}

function report(uid: string, { attempt, exitCode }: Ended): object {
  const outcome = exitCode === 0 ? 'Succeeded' : 'Failed';
  const reason = exitCode === 0 ? 'Succeeded' : 'FlowFailed';
  return {
    version: 1,
    uid,
    attempt,
    outcome,
    exitCode,
    class: exitCode === 0 ? null : 'Flow',
    reason,
    message: 'played',
  };
}
