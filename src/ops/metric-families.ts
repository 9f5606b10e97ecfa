/** A metric of the operator in Prometheus' terms. Times are in seconds. */
export interface MetricFamily {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Meaning of each label, or its values. */
  readonly labels: Readonly<Record<string, string>>;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const LONG = [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
const SHORT = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All of them, by name: what is registered, and what docs/metrics.md is generated from. */
export const FAMILIES = {
  flowrun_phase_seconds: {
    type: 'histogram',
    help: 'Seconds that runs spent in a phase they have left.',
    labels: { phase: 'the phase that was left' },
    buckets: LONG,
  },
  flowrun_runs_total: {
    type: 'counter',
    help: 'Runs that ended.',
    labels: { outcome: '`Succeeded`, `Failed` or `Cancelled`', reason: 'the reason of the end' },
  },
  flowrun_attempts_total: {
    type: 'counter',
    help: 'Attempts that ended.',
    labels: {
      outcome: 'as of a run',
      class: 'whose failure it was: `Flow`, `Spec` or `Infrastructure`; `Unknown` for other ends',
    },
  },
  flowrun_scaling_decisions_total: {
    type: 'counter',
    help: 'Changes of the number of workers that a run shall have.',
    labels: { direction: '`up` or `down`' },
  },
  flowrun_reconcile_seconds: {
    type: 'histogram',
    help: 'Seconds that one reconcile took.',
    labels: { result: '`success` or `error`' },
    buckets: SHORT,
  },
  flowrun_api_request_seconds: {
    type: 'histogram',
    help: 'Seconds that one request to the API server took, a watch until its first byte.',
    labels: { verb: 'the HTTP method, or `WATCH`', code: 'the HTTP status; 0: no answer' },
    buckets: SHORT,
  },
  flowrun_waiting_runs: {
    type: 'gauge',
    help: 'Runs that wait for a slot (maxConcurrentRuns, maxConcurrentRunsPerNamespace).',
    labels: {},
  },
  flowrun_queue_depth: { type: 'gauge', help: 'Runs that wait to be reconciled.', labels: {} },
  flowrun_queue_age_seconds: {
    type: 'gauge',
    help: 'Seconds that the run which waits longest to be reconciled has waited; 0 when none waits.',
    labels: {},
  },
  flowrun_watch_age_seconds: {
    type: 'gauge',
    help: 'Seconds since the watch that is silent longest said anything; a bookmark comes about once a minute.',
    labels: {},
  },
  flowrun_leader: { type: 'gauge', help: '1: this process works; 0: it stands by.', labels: {} },
  flowrun_schedulers: { type: 'gauge', help: 'Dask schedulers that are followed.', labels: {} },
} as const satisfies Record<string, MetricFamily>;

export type MetricName = keyof typeof FAMILIES;
