import { describe, expect, it } from 'vitest';

import { flowrun, flowrunWith } from './policy-flowrun.ts';
import { type Outcome, simulate } from './simulation.ts';
import { type Trace, TRACES } from './traces.ts';

function trace(name: string): Trace {
  const found = TRACES.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no trace ${name}`);
  return found;
}

function sizes({ points }: Outcome, from: number, until: number): number[] {
  return [
    ...new Set(points.filter(({ seconds }) => seconds >= from && seconds <= until).map(({ size }) => size)),
  ];
}

/** When the size was last changed. */
function settled({ points }: Outcome): number {
  return points.findLast(({ size }, index) => size !== points[index - 1]?.size)?.seconds ?? 0;
}

describe('a scheduler that does not answer', () => {
  const silent = (from: number, until: number) =>
    flowrunWith({ unreachable: (seconds) => seconds >= from && seconds < until });

  it('when work arrives: the size is kept, and what is needed comes with the first answer', () => {
    const outcome = simulate(trace('burst'), silent(0, 10));
    expect(sizes(outcome, 0, 9.9)).toEqual([1]);
    expect(sizes(outcome, 10.25, 15)).toEqual([10]);
    expect(outcome.turns).toBe(1);
  });

  it('when the work ends: the size is kept, and shrinks after as many answers as ever', () => {
    const outcome = simulate(trace('burst'), silent(30, 40));
    expect(sizes(outcome, 30, 40)).toEqual([10]);
    expect(settled(outcome)).toBeGreaterThanOrEqual(42);
    expect(settled(outcome)).toBeLessThanOrEqual(43.5);
    expect(sizes(outcome, 44, 50)).toEqual([1]);
  });

  it('again and again, on every trace: the work is done, and the size does not go up and down', () => {
    for (const each of TRACES) {
      const outcome = simulate(each, flowrunWith({ unreachable: (seconds) => seconds % 30 > 20 }));
      expect(outcome.makespan, `on ${each.name}`).toBeLessThan(Infinity);
      expect(outcome.turns, `on ${each.name}`).toBeLessThanOrEqual(each.turns);
      expect(outcome.most, `on ${each.name}`).toBeLessThanOrEqual(each.adapt.maximum);
      expect(outcome.restarted, `on ${each.name}`).toBe(0);
    }
  });
});

describe('pods that cannot start', () => {
  it.each([1, 4])('are waited for where nodes have room for %i, without going up and down', (room) => {
    for (const each of TRACES.filter(({ shapes }) => shapes.length === 1)) {
      const outcome = simulate(each, flowrun, room);
      expect(outcome.makespan, `on ${each.name}`).toBeLessThan(Infinity);
      expect(outcome.turns, `on ${each.name}`).toBeLessThanOrEqual(each.turns + 2);
      expect(outcome.started, `on ${each.name}`).toBeLessThanOrEqual(60);
      expect(outcome.restarted, `on ${each.name}`).toBe(0);
    }
  });
});

describe('retirements that fail', () => {
  it('are taken back and tried again only after patience, each time a longer one; no work is lost', () => {
    const outcome = simulate(trace('burst'), flowrunWith({ refuses: (seconds) => seconds < 45 }));
    expect(outcome.restarted).toBe(0);
    // Nine are tried at 34, 38 and 46 s, which succeeds, and the tenth in the gap between.
    expect(outcome.turns).toBeLessThanOrEqual(7);
    expect(sizes(outcome, 51, 52)).toEqual([1]);
  });
});
