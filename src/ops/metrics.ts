import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { FAMILIES, type MetricName } from './metric-families.ts';

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
    if (ofProcess) collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    const counter = <N extends NameOf<'counter'>>(name: N) =>
      new Counter({ name, help: FAMILIES[name].help, labelNames: labelsOf(name), registers });
    const histogram = <N extends NameOf<'histogram'>>(name: N) => {
      const { help, buckets } = FAMILIES[name];
      return new Histogram({ name, help, labelNames: labelsOf(name), buckets: [...buckets], registers });
    };
    const gauge = (name: NameOf<'gauge'>, read: () => number) =>
      new Gauge({
        name,
        help: FAMILIES[name].help,
        registers,
        collect() {
          this.set(read());
        },
      });
    this.#phases = histogram('flowrun_phase_seconds');
    this.#runs = counter('flowrun_runs_total');
    this.#attempts = counter('flowrun_attempts_total');
    this.#scaling = counter('flowrun_scaling_decisions_total');
    this.#reconciles = histogram('flowrun_reconcile_seconds');
    this.#requests = histogram('flowrun_api_request_seconds');
    gauge('flowrun_waiting_runs', readings.waiting);
    gauge('flowrun_queue_depth', readings.queueDepth);
    gauge('flowrun_queue_age_seconds', readings.queueAgeSeconds);
    gauge('flowrun_watch_age_seconds', readings.watchAgeSeconds);
    gauge('flowrun_leader', () => Number(readings.leads()));
    gauge('flowrun_schedulers', readings.schedulers);
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

/** Names of the metrics of one type. */
type NameOf<T extends string> = {
  [N in MetricName]: (typeof FAMILIES)[N]['type'] extends T ? N : never;
}[MetricName];

type LabelOf<N extends MetricName> = Extract<keyof (typeof FAMILIES)[N]['labels'], string>;

function labelsOf<N extends MetricName>(name: N): LabelOf<N>[] {
  const { labels } = FAMILIES[name];
  return Object.keys(labels).filter((label): label is LabelOf<N> => label in labels);
}
