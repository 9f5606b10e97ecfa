import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What is read when the metrics are asked for. */
export interface Readings {
  queueDepth: () => number;
  /** Runs that wait for a slot. */
  waiting: () => number;
  /** Seconds that the key which has waited longest is overdue; 0 when none waits. */
  queueAgeSeconds: () => number;
  /** Seconds since the watch that has been silent longest last said anything. */
  watchAgeSeconds: () => number;
  /** Whether this process works; false for a standby. */
  leads: () => boolean;
  /** Dask schedulers that are followed. */
  schedulers: () => number;
}

/** A reason comes from the user's container: only so many different ones become labels, the rest are `Other`. */
const MAX_REASONS = 100;

const LONG = [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
const SHORT = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The operator's counters in Prometheus' terms, next to Node's own (`process_*`, `nodejs_*`). All times in seconds. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #reasons = new Set<string>();
  readonly #phases: Histogram<'phase'>;
  readonly #runs: Counter<'outcome' | 'reason'>;
  readonly #attempts: Counter<'outcome' | 'class'>;
  readonly #scaling: Counter<'direction'>;
  readonly #reconciles: Histogram<'result'>;
  readonly #requests: Histogram<'verb' | 'code'>;

  /** `ofProcess`: Node's own, too. Those are measured all the time and until the process ends, so only where somebody may ask. */
  constructor(readings: Readings, ofProcess = true) {
    const registers = [this.#registry];
    if (ofProcess) collectDefaultMetrics({ register: this.#registry });
    this.#phases = new Histogram({
      name: 'flowrun_phase_seconds',
      help: 'Time that runs spent in a phase they have left.',
      labelNames: ['phase'],
      buckets: LONG,
      registers,
    });
    this.#runs = new Counter({
      name: 'flowrun_runs_total',
      help: 'Runs that ended.',
      labelNames: ['outcome', 'reason'],
      registers,
    });
    this.#attempts = new Counter({
      name: 'flowrun_attempts_total',
      help: 'Attempts that ended, by whose failure it was.',
      labelNames: ['outcome', 'class'],
      registers,
    });
    this.#scaling = new Counter({
      name: 'flowrun_scaling_decisions_total',
      help: 'Changes of the number of workers.',
      labelNames: ['direction'],
      registers,
    });
    this.#reconciles = new Histogram({
      name: 'flowrun_reconcile_seconds',
      help: 'Time of one reconcile.',
      labelNames: ['result'],
      buckets: SHORT,
      registers,
    });
    this.#requests = new Histogram({
      name: 'flowrun_api_request_seconds',
      help: 'Time of one request to the API server, watches to their first byte; code 0: no answer.',
      labelNames: ['verb', 'code'],
      buckets: SHORT,
      registers,
    });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge('flowrun_waiting_runs', 'Runs that wait for a slot (maxConcurrentRuns).', readings.waiting);
    gauge('flowrun_queue_depth', 'Runs that wait to be reconciled.', readings.queueDepth);
    gauge(
      'flowrun_queue_age_seconds',
      'How long the run that waits longest has waited.',
      readings.queueAgeSeconds,
    );
    gauge(
      'flowrun_watch_age_seconds',
      'Since the watch that is silent longest said anything; a bookmark comes about once a minute.',
      readings.watchAgeSeconds,
    );
    gauge('flowrun_leader', '1: this process works; 0: it stands by.', () => Number(readings.leads()));
    gauge('flowrun_schedulers', 'Dask schedulers that are followed.', readings.schedulers);
  }

  leftPhase(phase: string, seconds: number): void {
    this.#phases.observe({ phase }, seconds);
  }

  runEnded(outcome: string, reason: string): void {
    this.#runs.inc({ outcome, reason: this.#bounded(reason) });
  }

  attemptEnded(outcome: string, of: string): void {
    this.#attempts.inc({ outcome, class: of });
  }

  scaled(direction: 'up' | 'down'): void {
    this.#scaling.inc({ direction });
  }

  reconciled(result: 'success' | 'error', seconds: number): void {
    this.#reconciles.observe({ result }, seconds);
  }

  requested(verb: string, code: number, seconds: number): void {
    this.#requests.observe({ verb, code }, seconds);
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #bounded(reason: string): string {
    if (this.#reasons.has(reason)) return reason;
    if (this.#reasons.size >= MAX_REASONS) return 'Other';
    this.#reasons.add(reason);
    return reason;
  }
}
