import type { Outcome } from './simulation.ts';
import { POD_START_MS } from './pods.ts';
import type { Trace } from './traces.ts';

/** What a policy may cost beyond what cannot be had for less. */
const MARGIN = 1.1;

/** From the end of a worker's last task to the end of its pod, beside the patience that the user asked for. */
const LEAVE_SECONDS = 2;

/** Seconds the trace may take: a tenth more than on a cluster that is at its maximum from the beginning. */
export function makespanBar({ adapt }: Trace, fixed: Outcome): number {
  return MARGIN * Math.max(fixed.makespan, POD_START_MS / 1000 + adapt.targetSeconds);
}

/** Worker-seconds the trace may cost: a tenth more than the busy ones, and for each pod its start and its end. */
export function workerSecondsBar({ adapt }: Trace, { busySeconds, started }: Outcome): number {
  const each = POD_START_MS / 1000 + adapt.waitCount * adapt.intervalSeconds + LEAVE_SECONDS;
  return MARGIN * busySeconds + started * each;
}
