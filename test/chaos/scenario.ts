import { MAXIMUM } from './work.ts';

/** What a run is and does when nothing goes wrong, and how it ends whatever goes wrong. */
export interface Scenario {
  readonly spec: Readonly<Record<string, unknown>>;
  /** `silent`: pods without an address, so the flow's container tells of its end. `heard`: a played scheduler reports it. */
  readonly cluster: 'none' | 'silent' | 'heard';
  /** Its workers come and go with its tasks; of a cluster that is heard. */
  readonly adaptive?: boolean;
  /** Exit codes of the flow pods in the order in which they run, the last of them for all that follow; undefined: runs until stopped. */
  readonly exits: readonly (number | undefined)[];
  /** What the user does once a flow runs. */
  readonly user?: 'cancel' | 'suspend' | 'delete';
  /** `gone`: the FlowRun itself is removed. */
  readonly end: { readonly phase: string; readonly reason: string } | 'gone';
  /** That nothing but the loss of a pod or a clock may change. */
  readonly attempts: number;
  /** Lifecycle writes of an undisturbed run, and requests other than watches. */
  readonly writes: number;
  readonly calls: number;
}

const SUCCEEDED = { phase: 'Succeeded', reason: 'Succeeded' };
const COMMAND = { image: 'played', command: ['true'] };
/** Loses of pods are made good, so that every scenario has one right end. */
const RETRY = { limit: 5, when: 'Infrastructure', backoffSeconds: 0 };
const cluster = (security: 'tls' | 'none', workers = 2) => ({
  type: 'DaskExecutor',
  clusterKwargs: { n_workers: workers, security },
});

export const SCENARIOS = {
  alone: {
    spec: { flow: COMMAND, retry: RETRY },
    cluster: 'none',
    exits: [0],
    end: SUCCEEDED,
    attempts: 1,
    writes: 6,
    calls: 10,
  },
  silent: {
    spec: { flow: COMMAND, executor: cluster('tls'), retry: RETRY },
    cluster: 'silent',
    exits: [0],
    end: SUCCEEDED,
    attempts: 1,
    writes: 14,
    calls: 18,
  },
  heard: {
    spec: { flow: COMMAND, executor: cluster('none'), retry: RETRY },
    cluster: 'heard',
    exits: [0],
    end: SUCCEEDED,
    attempts: 1,
    writes: 14,
    calls: 18,
  },
  adaptive: {
    spec: {
      flow: COMMAND,
      executor: {
        ...cluster('none', 1),
        adaptKwargs: { minimum: 1, maximum: MAXIMUM, interval: '200ms', wait_count: 1 },
      },
      retry: RETRY,
    },
    cluster: 'heard',
    adaptive: true,
    exits: [0],
    end: SUCCEEDED,
    attempts: 1,
    writes: 19,
    calls: 23,
  },
  retried: {
    spec: {
      flow: COMMAND,
      executor: cluster('none', 1),
      retry: { limit: 6, when: 'Any', backoffSeconds: 1 },
    },
    cluster: 'silent',
    exits: [1, 0],
    end: SUCCEEDED,
    attempts: 2,
    writes: 22,
    calls: 26,
  },
  fails: {
    spec: { flow: COMMAND, executor: cluster('none', 1), retry: RETRY },
    cluster: 'heard',
    exits: [7],
    end: { phase: 'Failed', reason: 'FlowFailed' },
    attempts: 1,
    writes: 13,
    calls: 17,
  },
  cancelled: {
    spec: { flow: COMMAND, executor: cluster('none', 1), retry: RETRY },
    cluster: 'heard',
    exits: [undefined],
    user: 'cancel',
    end: { phase: 'Cancelled', reason: 'Cancelled' },
    attempts: 1,
    writes: 15,
    calls: 19,
  },
  late: {
    spec: { flow: COMMAND, retry: RETRY, activeDeadlineSeconds: 2 },
    cluster: 'none',
    exits: [undefined],
    end: { phase: 'Failed', reason: 'DeadlineExceeded' },
    attempts: 1,
    writes: 8,
    calls: 12,
  },
  suspended: {
    spec: { flow: COMMAND, executor: cluster('none', 1), retry: RETRY },
    cluster: 'silent',
    exits: [undefined, 0],
    user: 'suspend',
    end: SUCCEEDED,
    attempts: 2,
    writes: 24,
    calls: 28,
  },
  expires: {
    spec: { flow: COMMAND, retry: RETRY, ttlSecondsAfterFinished: 1 },
    cluster: 'none',
    exits: [0],
    end: 'gone',
    attempts: 1,
    writes: 7,
    calls: 11,
  },
  deleted: {
    spec: { flow: COMMAND, executor: cluster('none', 1), retry: RETRY },
    cluster: 'silent',
    exits: [undefined],
    user: 'delete',
    end: 'gone',
    attempts: 1,
    writes: 7,
    calls: 11,
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export const scenarioOf = (name: ScenarioName): Scenario => SCENARIOS[name];
export const SCENARIO_NAMES = Object.keys(SCENARIOS).filter(
  (name): name is ScenarioName => name in SCENARIOS,
);
