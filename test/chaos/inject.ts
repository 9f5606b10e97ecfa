import { setTimeout as sleep } from 'node:timers/promises';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { LABELS } from '../../src/core/names.ts';
import { isConflict } from '../../src/kube/errors.ts';
import { CONFIG_MAP, POD, type Resource, SERVICE, apiVersion } from '../../src/kube/resource.ts';
import type { Fault } from '../support/fault.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { CALL_MATCH, type Incarnation, LEASES, WATCHES, WRITE_MATCH } from './incarnation.ts';
import { insist } from './insist.ts';
import { roleOf } from './kubelet.ts';
import type { Kind, Role, Trial } from './plan.ts';
import type { ChaosRun } from './run.ts';

/** How long watches of an operator that began with old lists lag behind. */
const STALE_MS = 600;

const REQUEST_FAULTS: Partial<Record<Kind, Fault>> = {
  'answer-409': { type: 'status', status: 409 },
  'answer-429': { type: 'status', status: 429, headers: { 'retry-after': '1' } },
  'answer-500': { type: 'status', status: 500 },
  dropped: { type: 'reset' },
  'lost-answer': { type: 'loseAnswer' },
};

/** How the first operator is born: what will be wrong with its wire, and whether it needs a lease. */
export function prepared({ kind, at, ms }: Trial): Parameters<ChaosRun['birth']>[0] {
  const fault = REQUEST_FAULTS[kind];
  const prepare = (proxy: FaultProxy) => {
    if (fault !== undefined) proxy.on({ ...CALL_MATCH, nth: at }, fault);
    else if (kind === 'crash-before') proxy.on({ ...WRITE_MATCH, nth: at }, { type: 'halfOpen' });
    else if (kind === 'crash-after') proxy.on({ ...WRITE_MATCH, nth: at }, { type: 'keepAnswer' });
    else if (kind === 'late-watches' || kind === 'skipped-events')
      proxy.on({ path: WATCHES }, { type: 'lag', ms });
  };
  return { prepare, withLease: kind === 'two-operators' };
}

/** Lets the fault happen when its time comes. Whether it did. */
export async function inject(
  run: ChaosRun,
  { kind, at, ms, role }: Trial,
  first: Incarnation,
  signal: AbortSignal,
): Promise<boolean> {
  const written = () => run.written >= at;
  switch (kind) {
    case 'answer-409':
    case 'answer-429':
    case 'answer-500':
    case 'dropped':
    case 'lost-answer':
      return run.before(() => first.calls.length >= at, signal);
    case 'late-watches':
      return true;
    case 'crash-before':
    case 'crash-after': {
      const struck = () =>
        kind === 'crash-before'
          ? first.writes.length >= at
          : first.writes.some(({ answerLost }) => answerLost === true);
      if (!(await run.before(struck, signal))) return false;
      await first.kill();
      await run.birth();
      return true;
    }
    case 'broken-watches':
    case 'compacted-watches':
    case 'skipped-events':
      if (!(await run.before(written, signal))) return false;
      first.proxy.strike(WATCHES, kind === 'broken-watches' ? 'reset' : 'gone');
      return true;
    case 'stale-list':
      return (await run.before(written, signal)) && (await beginStale(run, first, ms));
    case 'two-operators':
      if (!(await run.before(written, signal))) return false;
      first.proxy.on({ path: LEASES }, { type: 'halfOpen' });
      first.proxy.on(WRITE_MATCH, { type: 'delay', ms });
      await run.birth({ withLease: true });
      return true;
    case 'child-deleted':
      return (await run.before(written, signal)) && (await deleteChild(run, role, signal));
    case 'node-gone':
      if (!(await run.before(() => written() && run.pods.length > 0, signal))) return false;
      await run.plane.kubelet.loseNode(run.slot.namespace);
      return true;
    case 'clock-jump':
      if (!(await run.before(written, signal))) return false;
      run.clockAheadMs = ms;
      return true;
  }
}

/** What is listed now is all that an operator born a while later sees at first. */
async function beginStale(run: ChaosRun, first: Incarnation, ms: number): Promise<boolean> {
  const { client } = run.plane;
  const { namespace } = run.slot;
  const kinds: readonly [Resource, string | undefined][] = [
    [FLOW_RUN, undefined],
    [POD, LABELS.uid],
    [SERVICE, LABELS.uid],
    [CONFIG_MAP, LABELS.uid],
  ];
  const lists = await Promise.all(
    kinds.map(async ([resource, labelSelector]) => {
      const { items, resourceVersion } = await client.list(resource, { namespace, labelSelector });
      const body = {
        apiVersion: apiVersion(resource),
        kind: `${resource.kind}List`,
        metadata: { resourceVersion },
        items,
      };
      return { plural: resource.plural, body };
    }),
  );
  await sleep(ms / 4);
  await first.kill();
  const prepare = (proxy: FaultProxy) => {
    for (const { plural, body } of lists)
      proxy.on(
        { method: 'GET', path: new RegExp(`/${namespace}/${plural}\\?(?!.*watch=)`), times: 1 },
        { type: 'status', status: 200, body },
      );
    proxy.on({ path: WATCHES }, { type: 'lag', ms: STALE_MS });
  };
  await run.birth({ prepare });
  return true;
}

const HOLDERS: Record<Role, Resource> = {
  flow: POD,
  scheduler: POD,
  worker: POD,
  service: SERVICE,
  files: CONFIG_MAP,
};

async function deleteChild(run: ChaosRun, role: Role | undefined, signal: AbortSignal): Promise<boolean> {
  if (role === undefined) return false;
  const resource = HOLDERS[role];
  const { client } = run.plane;
  const { namespace } = run.slot;
  // It may be about to be made: its time is the first moment at which it exists.
  while (!run.over && !signal.aborted) {
    const child =
      resource === POD
        ? run.pods.find((pod) => roleOf(pod) === role && pod.metadata.deletionTimestamp === undefined)
        : (await client.list(resource, { namespace, labelSelector: `${LABELS.uid}=${run.uid}` })).items[0];
    if (child === undefined) {
      const seen = run.picture;
      await run.before(() => run.picture !== seen, signal);
      continue;
    }
    const { name = '', uid = '' } = child.metadata;
    await insist(() => client.delete(resource, namespace, name, { uid })).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
    return true;
  }
  return false;
}
