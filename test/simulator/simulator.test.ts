import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

import { makespanBar, workerSecondsBar } from './bars.ts';
import { PAGE, simulatedFiles } from './docs.ts';
import { flowrun } from './policy-flowrun.ts';
import { simulate } from './simulation.ts';
import { compareAll } from './table.ts';

const comparisons = compareAll();

describe.each(comparisons)('$trace.name', ({ trace, fixed, ours }) => {
  it('takes hardly longer than a cluster at its maximum from the beginning', () => {
    expect(ours.makespan).toBeLessThanOrEqual(makespanBar(trace, fixed));
  });

  it('pays for hardly more than the work, and for the start and end of each worker', () => {
    const bar = workerSecondsBar(trace, ours);
    expect(ours.workerSeconds).toBeLessThanOrEqual(bar * (trace.dear ?? 1));
    expect(ours.workerSeconds > bar, 'a bar that is said to be missed is').toBe(trace.dear !== undefined);
  });

  it('stays within the maximum, does not go up and down, and begins no task twice', () => {
    expect(ours.most).toBeLessThanOrEqual(trace.adapt.maximum);
    expect(ours.turns).toBeLessThanOrEqual(trace.turns);
    expect(ours.restarted).toBe(0);
  });

  it('is the same each time', () => {
    expect(simulate(trace, flowrun)).toEqual(ours);
  });
});

describe('a steady load', () => {
  it('finds its level and stays there', () => {
    const steady = comparisons.find(({ trace }) => trace.name === 'steady');
    const points = steady?.ours.points.filter(({ seconds }) => seconds >= 40 && seconds <= 119) ?? [];
    expect(points.length).toBeGreaterThan(300);
    expect(new Set(points.map(({ size }) => size))).toEqual(new Set([4]));
  });
});

describe('the model', () => {
  it('has all the work done under every policy, unless the flow failed', () => {
    for (const { trace, outcomes } of comparisons) {
      const done = outcomes.filter(({ makespan }) => makespan !== Infinity);
      expect(done.length, `on ${trace.name}`).toBeGreaterThanOrEqual(2);
      for (const { points } of done) expect(points.at(-1)?.tasks, `on ${trace.name}`).toBe(0);
    }
  });

  it('can miss each bar: what others do does', () => {
    const others = comparisons.flatMap(({ trace, fixed, outcomes }) =>
      outcomes.slice(2).map((outcome) => ({ trace, fixed, outcome })),
    );
    expect(others.some(({ trace, fixed, outcome }) => outcome.makespan > makespanBar(trace, fixed))).toBe(
      true,
    );
    expect(
      others.some(({ trace, outcome }) => outcome.workerSeconds > workerSecondsBar(trace, outcome)),
    ).toBe(true);
  });
});

describe('the committed page and plots', () => {
  const top = resolve(import.meta.dirname, '../..');
  const read = (path: string) => readFileSync(resolve(top, path), 'utf8');

  it.each(Object.entries(simulatedFiles(comparisons, read(PAGE))))(
    '%s is what `npm run simulate` writes',
    (path, content) => {
      expect(read(path) === content).toBe(true);
    },
  );
});
