import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { OwnWrites } from './own-writes.ts';

const pod = (resourceVersion: string): KubeObject => ({
  metadata: { namespace: 'team', name: 'worker', uid: 'one', resourceVersion },
});

const doubted: string[] = [];
let own: OwnWrites;

beforeEach(() => {
  vi.useFakeTimers();
  doubted.length = 0;
  own = new OwnWrites((run) => doubted.push(run));
});
afterEach(() => {
  vi.useRealTimers();
});

const newest = (cached: KubeObject | undefined) => own.newest('Pod', 'team/worker', cached);

test('a write counts until the watch has brought it or something newer', () => {
  own.wrote('team/run', 'Pod', pod('7'));
  expect(newest(undefined)).toEqual(pod('7'));
  expect(newest(pod('6'))).toEqual(pod('7'));
  expect(newest(pod('8'))).toEqual(pod('8'));
  expect(newest(undefined)).toBeUndefined();
});

test('a write that the watch never brings counts for ten seconds, and then its run is looked at again', () => {
  own.wrote('team/run', 'Pod', pod('7'));
  vi.advanceTimersByTime(9_999);
  expect([newest(undefined), doubted]).toEqual([pod('7'), []]);
  vi.advanceTimersByTime(1);
  expect([newest(undefined), doubted]).toEqual([undefined, ['team/run']]);
});

test('a deletion that the watch never shows counts for ten seconds, and then its run is looked at again', () => {
  own.deleted('team/run', 'one');
  vi.advanceTimersByTime(9_999);
  expect([own.isDeleted('one'), doubted]).toEqual([true, []]);
  vi.advanceTimersByTime(1);
  expect([own.isDeleted('one'), doubted]).toEqual([false, ['team/run']]);
});

test('the ten seconds begin anew with each write of an object', () => {
  own.wrote('team/run', 'Pod', pod('7'));
  vi.advanceTimersByTime(9_000);
  own.wrote('team/run', 'Pod', pod('8'));
  vi.advanceTimersByTime(9_000);
  expect([newest(undefined), doubted]).toEqual([pod('8'), []]);
});

test('of an object that the watch has shown to be gone nothing is remembered', () => {
  own.wrote('team/run', 'Pod', pod('7'));
  own.deleted('team/run', 'one');
  own.gone('Pod', pod('9'));
  expect([newest(undefined), own.isDeleted('one')]).toEqual([undefined, false]);
  vi.advanceTimersByTime(60_000);
  expect(doubted).toEqual([]);
});

test('the end of a predecessor says nothing of the object that was made in its place', () => {
  own.wrote('team/run', 'Pod', pod('7'));
  own.gone('Pod', { metadata: { ...pod('5').metadata, uid: 'before' } });
  expect(newest(undefined)).toEqual(pod('7'));
});
