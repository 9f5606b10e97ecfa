import { expect, test } from 'vitest';
import { nextMove } from './lease.ts';
import type { KubeObject } from './object.ts';

const times = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
const date = new Date('2026-01-02T03:04:05.678Z');
const lease = (holderIdentity: string, more: object = {}): KubeObject => ({
  metadata: { name: 'l', resourceVersion: '1' },
  spec: { holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 4, ...more },
});
const move = (object: KubeObject | undefined, seenMsAgo: number) =>
  nextMove(object && { object, changedAt: 100_000 - seenMsAgo }, {
    identity: 'me',
    times,
    now: 100_000,
    date,
  });

test('no lease: create it, with six digits of fraction', () => {
  const time = '2026-01-02T03:04:05.678000Z';
  const spec = {
    holderIdentity: 'me',
    leaseDurationSeconds: 15,
    renewTime: time,
    acquireTime: time,
    leaseTransitions: 0,
  };
  expect(move(undefined, 0)).toEqual({ type: 'create', spec });
});

test.each([
  ['our own lease is renewed', lease('me'), 0, 'replace'],
  ['another one that was just renewed is left alone', lease('you'), 0, 'wait'],
  ['another one is left alone until its whole duration was seen to pass', lease('you'), 14_999, 'wait'],
  ['an expired one is taken', lease('you'), 15_000, 'replace'],
  ['a released one is taken at once', lease(''), 0, 'replace'],
  ['the duration in the lease counts, not ours', lease('you', { leaseDurationSeconds: 60 }), 20_000, 'wait'],
  ['one without a spec is taken', { metadata: { name: 'l' } }, 0, 'replace'],
])('%s', (_name, object, seenMsAgo, want) => {
  expect(move(object, seenMsAgo).type).toBe(want);
});

test('taking over counts a transition, renewing does not', () => {
  expect(move(lease('you'), 15_000)).toMatchObject({ spec: { leaseTransitions: 5, holderIdentity: 'me' } });
  expect(move(lease('me'), 0)).not.toHaveProperty('spec.leaseTransitions');
});
