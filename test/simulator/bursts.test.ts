import { describe, expect, it } from 'vitest';

import { makespanBar } from './bars.ts';
import { random } from './events.ts';
import { fixed } from './policy-fixed.ts';
import { flowrun } from './policy-flowrun.ts';
import { simulate } from './simulation.ts';
import { DEFAULTS, PLAIN, type Trace } from './traces.ts';

/** A worker that joins late may wait so long for its first task: Dask's round of stealing. */
const STEAL_SECONDS = 1;

/** Plain work, work for a GPU and plain work again, one after the other or together, under one maximum. */
function stages(seed: number): Trace {
  const next = random(seed);
  const pick = <T>(first: T, ...rest: T[]): T => rest[Math.floor(next() * (rest.length + 1)) - 1] ?? first;
  const maximum = pick(2, 4, 6, 8);
  const plain = { seconds: pick(0.1, 1, 3, 8), count: Math.floor(1 + next() * 100) };
  const trained = {
    kind: 'train',
    seconds: pick(0.5, 2, 5, 15),
    count: Math.floor(1 + next() * 50),
    resources: { GPU: 1 },
  };
  const together = pick(true, false);
  const more = { ...PLAIN, name: 'more', threads: 2, maximum: 4 };
  return {
    name: `seed ${seed}`,
    story: '',
    adapt: { ...DEFAULTS, maximum },
    shapes: [
      { ...PLAIN, maximum: 8 },
      { ...PLAIN, name: 'gpu', maximum: 4, resources: { GPU: 1 } },
      ...pick([], [more]),
    ],
    holds: true,
    turns: Infinity,
    run: (flow) => {
      const last = () => flow.submit([plain], () => flow.end(15));
      if (together) flow.submit([plain, trained], last);
      else flow.submit([plain], () => flow.submit([trained], last));
    },
  };
}

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

describe('groups that share a maximum', () => {
  it('make room for each other without losing work, and without changing places again and again', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const trace = stages(seed);
      const outcome = simulate(trace, flowrun);
      expect(outcome.points.at(-1)?.tasks, `left over with seed ${seed}`).toBe(0);
      expect(outcome.restarted, `begun twice with seed ${seed}`).toBe(0);
      expect(outcome.most, `too many with seed ${seed}`).toBeLessThanOrEqual(trace.adapt.maximum);
      // Three stages, each with a full set of pods, and one that stays for each group.
      const most = 3 * trace.adapt.maximum + trace.shapes.length;
      expect(outcome.started, `too many pods with seed ${seed}`).toBeLessThanOrEqual(most);
    }
  });
});
