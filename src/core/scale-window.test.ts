import { describe, expect, it } from 'vitest';

import type { Load } from './load.ts';
import { isComplete, remember } from './scale-window.ts';

const patience = { waitCount: 3, intervalSeconds: 1 };

function load(at: number): Load {
  return {
    at,
    demand: [],
    keysWanted: false,
    scattersWaiting: 0,
    finished: 0,
    flowSeen: true,
    idleSeconds: 0,
    workers: new Map(),
  };
}

function after(times: readonly number[], given = patience): readonly Load[] {
  return times.reduce<readonly Load[]>((window, at) => remember(window, load(at), given), []);
}

describe('the window', () => {
  it.each([
    { name: 'nothing', times: [], complete: false },
    { name: 'too few answers', times: [0, 5000], complete: false },
    { name: 'three, an interval apart', times: [0, 1000, 2000], complete: true },
    { name: 'three, a little early', times: [0, 950, 1850], complete: true },
    { name: 'three of a doorbell at once', times: [0, 500, 1000], complete: false },
    { name: 'a clock that went back', times: [9000, 1000, 2000], complete: false },
  ])('of $name is complete: $complete', ({ times, complete }) => {
    expect(isComplete(after(times), patience)).toBe(complete);
  });

  it('of one answer is complete when one is enough', () => {
    expect(isComplete(after([7]), { waitCount: 1, intervalSeconds: 1 })).toBe(true);
  });

  it('forgets what it does not need to be complete, and keeps what the doorbell told in between', () => {
    const kept = after([0, 1000, 2000, 2500, 3000, 4000]);
    expect(kept.map(({ at }) => at)).toEqual([2000, 2500, 3000, 4000]);
  });

  it('stays bounded and becomes complete under a doorbell that never rests', () => {
    const slow = { waitCount: 3, intervalSeconds: 60 };
    const times = Array.from({ length: 400 }, (_, step) => step * 500);
    const kept = after(times, slow);
    expect(kept.length).toBeLessThanOrEqual(35);
    expect(isComplete(kept, slow)).toBe(true);
  });
});
