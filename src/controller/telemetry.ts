import type { FlowRunStatus } from '../api/status.ts';
import { isOver } from '../core/attempt.ts';
import type { Metrics } from '../ops/metrics.ts';

/** Counts what committed changes of runs' statuses mean. What it remembers is lost with the process: those phases are not measured. */
export class Telemetry {
  readonly #metrics: Metrics;
  /** Key of a run → when its present phase began, in milliseconds. */
  readonly #since = new Map<string, number>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  committed(key: string, before: FlowRunStatus, after: FlowRunStatus, now: number): void {
    if (before.phase !== after.phase) {
      const since = this.#since.get(key);
      if (since !== undefined && before.phase !== undefined)
        this.#metrics.leftPhase(before.phase, (now - since) / 1000);
      this.#since.set(key, now);
    }
    const ended = new Set(before.attempts?.filter(hasEnded).map(({ number }) => number));
    for (const attempt of after.attempts?.filter(hasEnded) ?? []) {
      if (!ended.has(attempt.number))
        this.#metrics.attemptEnded(attempt.outcome ?? 'Unknown', attempt.class ?? 'Unknown');
    }
    if (isOver(after) && !isOver(before)) {
      this.#since.delete(key);
      this.#metrics.runEnded(after.phase ?? 'Unknown', after.reason ?? 'Unknown');
    }
    const [from, to] = [before, after].map((status) => status.cluster?.workers?.desired);
    if (before.attempt === after.attempt && from !== undefined && to !== undefined && from !== to)
      this.#metrics.scaled(to > from ? 'up' : 'down');
  }

  forget(key: string): void {
    this.#since.delete(key);
  }
}

function hasEnded(attempt: { endTime?: string | undefined }): boolean {
  return attempt.endTime !== undefined;
}
