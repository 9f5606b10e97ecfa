import { describe, expect, it } from 'vitest';

import type { Load } from './load.ts';
import {
  adapt,
  busy,
  changes,
  group,
  idle,
  input,
  load,
  members,
  NOW,
  steady,
  tasks,
  worker,
  workers,
} from './scale.fixture.ts';
import { scale } from './scale.ts';

describe('a flow that has not submitted anything yet', () => {
  const groups = [group({ members: members(3) })];
  const waiting = (seconds: number, more: Partial<Load> = {}) =>
    steady({ ...idle(3), finished: 0, idleSeconds: seconds, ...more });
  const came = (seconds: number) => NOW - seconds * 1000;

  it.each([
    ['before it runs', { window: waiting(3600), runningSince: undefined }],
    ['in its first minute', { window: waiting(3600), runningSince: came(59) }],
    ['a minute long from when its client came', { window: waiting(59), runningSince: came(3600) }],
    ['until its client has come', { window: waiting(3600, { flowSeen: false }), runningSince: came(599) }],
  ])('has the workers it began with %s', (_, given) => {
    expect(changes({ groups, ...given })).toEqual({});
    expect(scale(input({ groups, ...given })).why).toMatch(/until the flow has submitted its first task\.$/);
  });

  it.each([
    ['a minute after its client came', { window: waiting(60), runningSince: came(60) }],
    [
      'after ten minutes without a client',
      { window: waiting(0, { flowSeen: false }), runningSince: came(600) },
    ],
  ])('has one from %s on', (_, given) => {
    expect(changes({ groups, ...given })).toEqual({ retire: [2, 1] });
  });

  it('has them longer where an idle time-out says so', () => {
    const given = { groups, window: waiting(60), runningSince: came(60) };
    expect(changes({ ...given, adapt: adapt({ idleTimeoutSeconds: 61 }) })).toEqual({});
    expect(changes({ ...given, adapt: adapt({ idleTimeoutSeconds: 5 }) })).toEqual({ retire: [2, 1] });
  });

  it('has them until its first task is there', () => {
    const first = steady(
      load({ finished: 0, demand: [tasks(1, 9)], workers: workers(busy(), worker(), worker()) }),
    );
    expect(changes({ groups, window: first, runningSince: NOW - 9_000 })).toEqual({ retire: [2, 1] });
  });
});

describe('an idle time-out', () => {
  const groups = [group({ members: members(5) })];
  const patient = adapt({ idleTimeoutSeconds: 30, minimum: 1 });

  it('shrinks an idle cluster to its minimum at once when it is over, and not before', () => {
    expect(changes({ groups, adapt: patient, window: steady({ ...idle(5), idleSeconds: 29 }, 3) })).toEqual(
      {},
    );
    expect(changes({ groups, adapt: patient, window: [{ ...idle(5), idleSeconds: 30 }] })).toEqual({
      retire: [4, 3, 2, 1],
    });
  });

  it('of 0 is none: an idle cluster shrinks after patience', () => {
    const none = adapt({ idleTimeoutSeconds: 0 });
    expect(changes({ groups, adapt: none, window: steady(idle(5), 2) })).toEqual({});
    expect(changes({ groups, adapt: none, window: steady(idle(5), 3) })).toEqual({ retire: [4, 3, 2, 1, 0] });
  });

  it('does nothing to a busy cluster', () => {
    const window = [
      load({
        idleSeconds: 99,
        demand: [tasks(5, 1)],
        workers: workers(busy(), busy(), busy(), busy(), busy()),
      }),
    ];
    expect(changes({ groups, adapt: patient, window })).toEqual({});
  });
});
