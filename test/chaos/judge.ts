import { setTimeout as sleep } from 'node:timers/promises';
import { LABELS } from '../../src/core/names.ts';
import { CONFIG_MAP, SECRET, SERVICE } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { roleOf } from './kubelet.ts';
import { COSTLY, type Kind, type Trial } from './plan.ts';
import type { ChaosRun } from './run.ts';
import { MAXIMUM } from './work.ts';

/** What became of a trial. */
export interface Verdict {
  readonly trial: Trial;
  /** The fault happened; otherwise the run was over before. */
  readonly struck: boolean;
  /** Why the end is not the right one; undefined: it is. */
  readonly wrong: string | undefined;
  /** Children left behind. */
  readonly orphans: readonly string[];
  /** Attempts whose flow has run more than once. */
  readonly duplicates: readonly string[];
  /** Writes after the end. */
  readonly lateWrites: readonly string[];
  readonly seconds: number;
  /** Of all operators, for a look. */
  readonly log: string;
}

export const isGood = ({ wrong, orphans, duplicates, lateWrites }: Verdict): boolean =>
  wrong === undefined && orphans.length + duplicates.length + lateWrites.length === 0;

/**
 * For the garbage collector of the control plane, which takes what belongs to a FlowRun or ConfigMap that is gone. It looks for new kinds
 * of objects every 30 s, and until then backs off, longer each time, from what belongs to the first FlowRuns of a cluster.
 */
const COLLECTED_SECONDS = 120;
/** An operator that would write after the end has been woken by then. */
const QUIET_MS = 600;

export type Finding = Pick<Verdict, 'wrong' | 'orphans' | 'duplicates' | 'lateWrites'>;

/** Judges a run that is over, and goes on looking for a while: another operator is born, and must find nothing to do. */
export async function judge(run: ChaosRun, kind: Kind): Promise<Finding> {
  const costly = COSTLY.has(kind);
  const after = run.flowRun?.metadata.resourceVersion;
  // The watch may be ahead of the answer to the very write that it shows.
  await sleep(QUIET_MS);
  const endedAt = run.scenario.end === 'gone' ? performance.now() : lastStatusWrite(run);
  const next = await run.birth();
  await eventually('one more operator works', () => next.working, 60);
  await sleep(QUIET_MS);
  const lateWrites = run.operators
    .flatMap(({ done }) => done)
    .filter(({ at }) => at > endedAt)
    .map(({ method, path }) => `${method} ${path}`);
  if (run.flowRun?.metadata.resourceVersion !== after) lateWrites.push('the FlowRun changed');
  return {
    wrong: wrongEnd(run, costly) ?? wrongSize(run, costly),
    orphans: await orphans(run),
    duplicates: duplicates(run),
    lateWrites,
  };
}

/**
 * When the write was answered that says that everything is cleared away: until then nobody else can know. One that followed it has changed
 * the FlowRun.
 */
function lastStatusWrite({ operators, name }: ChaosRun): number {
  const times = operators
    .flatMap(({ done }) => done)
    .filter(({ method, path }) => method === 'PUT' && path.endsWith(`/${name}/status`))
    .map(({ at, answeredAt }) => answeredAt ?? at);
  return Math.max(...times);
}

/** `costly`: what happened may have cost an attempt. */
export function wrongEnd({ flowRun, scenario, operators }: ChaosRun, costly: boolean): string | undefined {
  const failed = operators.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) return `the operator ended: ${String(failed.failure)}`;
  const { end } = scenario;
  if (end === 'gone') return flowRun === undefined ? undefined : 'the FlowRun is still there';
  const { phase, reason, attempt, message } = flowRun?.status ?? {};
  if (phase !== end.phase || reason !== end.reason)
    return `${phase}/${reason} instead of ${end.phase}/${end.reason}: ${message}`;
  if (!costly && attempt !== scenario.attempts)
    return `${attempt} attempts instead of ${scenario.attempts}: ${JSON.stringify(flowRun?.status?.attempts)}`;
  return undefined;
}

/** More workers than the maximum at any time, or one deleted that ran a task. `costly`: attempts may have been given up, whose workers go. */
function wrongSize({ works, operators }: ChaosRun, costly: boolean): string | undefined {
  const deleted = operators.flatMap(({ done }) => done).filter(({ method }) => method === 'DELETE');
  for (const { most, holds } of works) {
    if (most > MAXIMUM) return `${most} workers, and the maximum is ${MAXIMUM}`;
    for (const { worker, from, until } of costly ? [] : holds) {
      if (deleted.some(({ path, at }) => at > from && at < until && takes(path, worker)))
        return `${worker} was deleted, and ran a task`;
    }
  }
  return undefined;
}

/** Whether a DELETE of this path takes the pod of a worker: by its name, or by the labels of all or of some workers of its attempt. */
function takes(path: string, worker: string): boolean {
  const { pathname, searchParams } = new URL(path, 'https://server');
  if (pathname.endsWith('/pods')) {
    const [, attempt, ordinal = ''] = /-(\d+)-worker-(\d+)$/.exec(worker) ?? [];
    const selector = searchParams.get('labelSelector') ?? '';
    if (!selector.includes(`${LABELS.attempt}=${attempt},`)) return false;
    const [, ordinals] = /ordinal in \(([\d,]*)\)/.exec(selector) ?? [];
    return ordinals === undefined ? /\bworker\b/.test(selector) : ordinals.split(',').includes(ordinal);
  }
  return pathname.endsWith(`/pods/${worker}`);
}

async function orphans(run: ChaosRun): Promise<string[]> {
  const { client, kubelet } = run.plane;
  const { namespace } = run.slot;
  const labelSelector = `${LABELS.uid}=${run.uid}`;
  // What a lost node held is nobody's fault, and goes with the node.
  await kubelet.sweepNode(namespace);
  const limit = performance.now() + COLLECTED_SECONDS * 1000;
  for (;;) {
    const pods = run.pods
      .filter((pod) => run.scenario.end === 'gone' || roleOf(pod) !== 'flow' || kubelet.isRunning(pod))
      .map(({ metadata }) => `Pod ${metadata.name}`);
    const others = await Promise.all(
      [SERVICE, CONFIG_MAP, SECRET].map(async (resource) =>
        (await client.list(resource, { namespace, labelSelector })).items.map(
          ({ metadata }) => `${resource.kind} ${metadata.name}`,
        ),
      ),
    );
    const left = [...pods, ...others.flat()];
    if (left.length === 0 || performance.now() > limit) return left;
    await sleep(200);
  }
}

function duplicates({ plane, slot, uid }: ChaosRun): string[] {
  const { made, ran } = plane.kubelet.flows(slot.namespace);
  const own = made.filter(
    ({ metadata }) => metadata.labels?.[LABELS.uid] === uid && ran.includes(metadata.uid ?? ''),
  );
  const names = own.map(({ metadata }) => metadata.name ?? '');
  return names.filter((name, index) => names.indexOf(name) !== index);
}
