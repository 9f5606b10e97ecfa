import type { Demand, Load, WorkerLoad } from './load.ts';
import { scale } from './scale.ts';
import type { Adapt, Member, Scaling, ScalingInput, WorkerGroup } from './scaling-input.ts';

export const GIB = 2 ** 30;

/** An hour into a run, so that nothing is kept for the sake of its beginning. */
export const NOW = 3_600_000;

export const adapt = (changes: Partial<Adapt> = {}): Adapt => ({
  minimum: 0,
  maximum: 10,
  minimumCores: 0,
  maximumCores: Infinity,
  minimumMemoryBytes: 0,
  maximumMemoryBytes: Infinity,
  intervalSeconds: 1,
  waitCount: 3,
  targetSeconds: 5,
  idleTimeoutSeconds: undefined,
  ...changes,
});

export const member = (ordinal: number, changes: Partial<Member> = {}): Member => ({
  ordinal,
  pod: 'started',
  leaving: false,
  ...changes,
});

/** Members with the ordinals 0 to `count` - 1. */
export const members = (count: number, changes: Partial<Member> = {}): Member[] =>
  Array.from({ length: count }, (_, ordinal) => member(ordinal, changes));

export const group = (changes: Partial<WorkerGroup> = {}): WorkerGroup => ({
  name: 'default',
  minimum: 0,
  maximum: 500,
  threads: 1,
  memoryBytes: 4 * GIB,
  resources: {},
  members: [],
  blocked: undefined,
  ...changes,
});

export const worker = (changes: Partial<WorkerLoad> = {}): WorkerLoad => ({
  threads: 1,
  working: true,
  paused: false,
  processing: 0,
  executing: 0,
  longRunning: 0,
  pinned: false,
  bytes: 0,
  memoryLimitBytes: 4 * GIB,
  drain: undefined,
  ...changes,
});

export const busy = (changes: Partial<WorkerLoad> = {}): WorkerLoad =>
  worker({ processing: 1, executing: 1, ...changes });

export const tasks = (
  count: number,
  each: number,
  resources: Demand['resources'] = {},
  unknown = 0,
): Demand => ({ resources, tasks: count, unknown, seconds: count * each });

export const load = (changes: Partial<Load> = {}): Load => ({
  at: NOW,
  demand: [],
  keysWanted: false,
  scattersWaiting: 0,
  finished: 1,
  flowSeen: true,
  idleSeconds: 0,
  workers: new Map(),
  ...changes,
});

/** Workers by their place in the list. */
export const workers = (...list: readonly WorkerLoad[]): Map<number, WorkerLoad> => new Map(list.entries());

/** The same answer as often as is needed for a complete window. */
export function steady(newest: Load, count = 3): Load[] {
  return Array.from({ length: count }, (_, step) => ({
    ...newest,
    at: newest.at - (count - 1 - step) * 1000,
  }));
}

export const input = (changes: Partial<ScalingInput> = {}): ScalingInput => ({
  now: NOW,
  runningSince: 0,
  adapt: adapt(),
  groups: [group()],
  window: steady(load()),
  refusals: new Map(),
  ...changes,
});

/** Of as many workers that have nothing to do. */
export const idle = (count: number): Load =>
  load({ workers: workers(...Array.from({ length: count }, () => worker())) });

/** What changes, without what does not. */
export function changes(given: Partial<ScalingInput>): Partial<Scaling> {
  const { add, cancel, retire, giveBack } = scale(input(given));
  return {
    ...(add.size > 0 ? { add } : {}),
    ...(cancel.length > 0 ? { cancel } : {}),
    ...(retire.length > 0 ? { retire } : {}),
    ...(giveBack.length > 0 ? { giveBack } : {}),
  };
}
