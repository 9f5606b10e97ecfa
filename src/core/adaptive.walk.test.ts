import { expect, test } from 'vitest';
import { isTrue } from '../api/conditions.ts';
import { groupsOf, leavingOrdinals, wantedOrdinals } from './groups.ts';
import { type Dask, MAXIMUM } from './model-dask.ts';
import { calm, runningWorld, settle } from './model-settle.ts';
import { claim, claimSame, walk } from './model-walk.ts';
import { initialWorlds } from './model-start.ts';
import { type World, describeWorld } from './model-world.ts';

function check({ status }: World, after: World): void {
  claimSame(after.dask?.wronged, [], () => 'a worker was deleted that had not been retired');
  const groups = groupsOf(after.status);
  const wanted = groups.flatMap(({ ordinals }) => [...ordinals]);
  claim(wanted.length <= MAXIMUM, () => `more workers than the maximum: ${wanted.length}`);
  const allocated = status.cluster?.workers?.allocated ?? 0;
  const known = wantedOrdinals(status);
  const reused = wanted.filter((ordinal) => !known.has(ordinal) && ordinal < allocated);
  claimSame(reused, [], () => 'an ordinal was used twice');
  for (const { ordinals, leaving } of groups) {
    for (const ordinal of leaving) claim(ordinals.has(ordinal), () => `a stranger leaves: ${ordinal}`);
  }
}

/** With a flow that goes on, the cluster comes to the size that the work asks for, and to rest. */
function checkSize(state: World, endless: boolean, settled: Map<string, World>): void {
  const { status, pods, dask } = calm(state, settled, endless);
  const wanted = [...wantedOrdinals(status)];
  const size = {
    wanted: wanted.length,
    leaving: leavingOrdinals(status).size,
    pods: Object.keys(pods.workers).map(Number),
    joined: dask?.joined,
  };
  const expected = { wanted: endless ? 2 : 0, leaving: 0, pods: wanted, joined: wanted };
  claimSame(size, expected, () => `size from ${describeWorld(state)}`);
}

function statesFrom(change: Partial<Dask>, faults: number, fresh: boolean): World[] {
  const start = initialWorlds().find(({ world }) => world.cluster)?.world;
  if (start === undefined) throw new Error('no world has a cluster');
  return [...walk(runningWorld({ ...start, mayCancel: false }, change, faults), check, fresh).values()];
}

function checkRest(states: readonly World[]): void {
  const done = new Map<string, World>();
  const endless = new Map<string, World>();
  const ends = new Map<string, World>();
  for (const state of states) {
    checkSize(state, false, done);
    checkSize(state, true, endless);
    const end = settle(state, ends);
    claim(isTrue(end.status.conditions, 'CleanedUp'), () => `no end from ${describeWorld(state)}`);
    claimSame(Object.keys(end.pods.workers), [], () => `workers left behind from ${describeWorld(state)}`);
  }
}

test.each([
  {
    name: 'a retirement may fail, pictures may be old',
    change: { bursts: 1, failures: 1 },
    faults: 9,
    fresh: false,
  },
  { name: 'a worker may die', change: { bursts: 1, failures: 0 }, faults: 0, fresh: true },
])(
  'an adaptive cluster keeps its invariants and comes to rest from every reachable state: $name',
  ({ change, faults, fresh }) => {
    const states = statesFrom(change, faults, fresh);
    // A model that stops moving would pass every check.
    expect(states.length).toBeGreaterThan(1000);
    expect(states.filter(({ status }) => leavingOrdinals(status).size > 0).length).toBeGreaterThan(100);
    checkRest(states);
  },
  240_000,
);
