import { describe, expect, it } from 'vitest';

import { makespanBar } from './bars.ts';
import { random } from './events.ts';
import { fixed } from './policy-fixed.ts';
import { flowrun } from './policy-flowrun.ts';
import { simulate } from './simulation.ts';
import { DEFAULTS, PLAIN, type Trace } from './traces.ts';

/** A worker that joins late may wait so long for its first task: Dask's round of stealing. */
const STEAL_SECONDS = 1;

/** Bursts of tasks of all lengths on clusters of all shapes, the same for the same seed. */
function bursts(seed: number): Trace & { count: number } {
  const next = random(seed);
  const pick = <T>(first: T, ...rest: T[]): T => rest[Math.floor(next() * (rest.length + 1)) - 1] ?? first;
  const maximum = pick(2, 5, 10, 20, 50);
  const threads = pick(1, 1, 2, 4);
  const tasks = Math.floor(1 + next() * 200);
  const seconds = pick(0.05, 0.3, 1, 2, 3, 4, 6, 10);
  const kinds = pick(1, 1, 3);
  const count = pick(1, 1, 2, 3);
  const gap = pick(1, 5, 20);
  return {
    name: `seed ${seed}`,
    story: '',
    adapt: { ...DEFAULTS, maximum },
    shapes: [{ ...PLAIN, threads, maximum }],
    holds: true,
    turns: 2 * count - 1,
    count,
    run: (flow) => {
      let left = count;
      const burst = () => {
        left -= 1;
        const work = Array.from({ length: tasks }, (_, index) => ({
          kind: `kind-${index % kinds}`,
          seconds: seconds * (0.5 + ((index * 37) % 100) / 100),
        }));
        flow.submit(work, () => (left > 0 ? flow.after(gap, burst) : flow.end(10)));
      };
      burst();
    },
  };
}

describe('bursts of any kind', () => {
  it('are done without losing work, within the maximum, with one turn at each end', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const trace = bursts(seed);
      const outcome = simulate(trace, flowrun);
      expect(outcome.points.at(-1)?.tasks, `left over with seed ${seed}`).toBe(0);
      expect(outcome.restarted, `begun twice with seed ${seed}`).toBe(0);
      expect(outcome.most, `too many with seed ${seed}`).toBeLessThanOrEqual(trace.adapt.maximum);
      expect(outcome.turns, `up and down with seed ${seed}`).toBeLessThanOrEqual(trace.turns);
      if (trace.count > 1) continue;
      const bar = makespanBar(trace, simulate(trace, fixed)) + STEAL_SECONDS;
      expect(outcome.makespan, `slow with seed ${seed}`).toBeLessThanOrEqual(bar);
    }
  });
});
