import type { LostWorker } from '../api/status.ts';
import { type Ending, ending, tryAgain } from './end.ts';
import { endOfWorker } from './lost-workers.ts';
import { foreign } from './reasons/reason.ts';
import type { Observed } from './observed.ts';
import type { RunResult } from './result.ts';

/**
 * Dask gives a task up after several workers have died under it, and cannot say why. The end of the last one, which the launcher
 * names, can: memory or a crash is the flow's own doing, a pod that the cluster took away is not.
 *
 * `wait`: the kubelet may yet tell how the worker did, at the latest when it gives up the node. Undefined: nothing more is known
 * than the report says.
 */
export function endOfKilledWorker(report: RunResult, observed: Observed): Ending | 'wait' | undefined {
  if (report.reason !== 'KilledWorker') return undefined;
  const { status, children } = observed;
  const lost = status.cluster?.workers?.lost?.find(({ name }) => mentions(report.message, name));
  if (lost !== undefined) return endOf(lost, report, observed);
  for (const [ordinal, pod] of children.workers) {
    if (pod.state === 'absent' || !mentions(report.message, pod.name)) continue;
    const end = endOfWorker(pod);
    if (end !== undefined) return endOf(end, report, observed);
    return mayBeDead(observed, ordinal) ? 'wait' : undefined;
  }
  return undefined;
}

/** The scheduler has lost it, or has not been asked since. */
function mayBeDead({ children: { flow }, scheduler }: Observed, ordinal: number): boolean {
  const newest = scheduler.kind === 'heard' ? scheduler.window.at(-1) : undefined;
  if (newest !== undefined) return !newest.workers.has(ordinal);
  return flow.state === 'running' && !flow.terminating;
}

function endOf({ name, reason, exitCode }: LostWorker, report: RunResult, observed: Observed): Ending {
  const known = { exitCode: report.exitCode, result: report };
  if (reason === 'OutOfMemory') {
    const message = `${report.message}. Worker ${name} needed more memory than it may use: raise clusterKwargs.memory_limit, or give each task less.`;
    return { ...ending('WorkerOutOfMemory', message), ...known };
  }
  if (reason === 'Crashed') {
    const code = exitCode === undefined ? '' : ` with code ${exitCode}`;
    const message = `${report.message}. The process of worker ${name} ended${code}: the task crashed it.`;
    return { ...ending('WorkerCrashed', message), ...known };
  }
  const message = `${report.message}. The pod of worker ${name} was taken away (${reason}).${tryAgain(observed)}`;
  const own = { class: 'Infrastructure', reason: foreign(report.reason), message } as const;
  return { outcome: 'Failed', ...own, ...known, final: false };
}

/** As a whole word: `…-worker-1` is not in `…-worker-12`. */
function mentions(message: string, name: string): boolean {
  const at = message.indexOf(name);
  return at >= 0 && !/[\w-]/.test(message.charAt(at + name.length));
}
