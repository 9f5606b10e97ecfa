import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WorkQueue } from './workqueue.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A running queue whose handlers wait to be let go. */
function running(concurrency: number, queue = new WorkQueue()) {
  const abort = new AbortController();
  const started: string[] = [];
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const handler = (key: string): Promise<void> => {
    started.push(key);
    const gate = Promise.withResolvers<void>();
    waiting.set(key, gate);
    return gate.promise;
  };
  const done = queue.run(concurrency, handler, abort.signal);
  const settle = () => vi.advanceTimersByTimeAsync(0);
  const finish = async (key: string, error?: Error) => {
    const gate = waiting.get(key);
    waiting.delete(key);
    if (error === undefined) {
      gate?.resolve();
    } else {
      gate?.reject(error);
    }
    await settle();
  };
  return { queue, abort, started, done, settle, finish };
}

describe('WorkQueue', () => {
  test('a key added many times runs once', async () => {
    const { queue, started, settle } = running(2);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    await settle();
    expect(started).toEqual(['a']);
  });

  test('a key runs in one handler at a time and again when it was added meanwhile', async () => {
    const { queue, started, settle, finish } = running(2);
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    queue.add('b');
    await settle();
    expect(started).toEqual(['a', 'b']);
    await finish('a');
    expect(started).toEqual(['a', 'b', 'a']);
    await finish('a');
    expect(started).toEqual(['a', 'b', 'a']);
  });

  test('no more run at once than allowed, in order', async () => {
    const { queue, started, settle, finish } = running(2);
    ['a', 'b', 'c', 'd'].forEach((key) => queue.add(key));
    await settle();
    expect(started).toEqual(['a', 'b']);
    await finish('b');
    expect(started).toEqual(['a', 'b', 'c']);
    expect(queue.depth).toBe(1);
    expect(queue.running).toBe(2);
  });

  test.each([
    ['later, then earlier', [100, 50], 50],
    ['earlier, then later', [50, 100], 50],
    ['then at once', [50, 0], 0],
    ['at once, then later', [0, 50], 0],
  ])('of two delays the earlier wins: %s', async (_name, delays, want) => {
    const { queue, started, finish, settle } = running(1);
    delays.forEach((ms) => queue.addAfter('a', ms));
    await vi.advanceTimersByTimeAsync(Math.max(0, want - 1));
    expect(started).toEqual(want === 0 ? ['a'] : []);
    await vi.advanceTimersByTimeAsync(2);
    await settle();
    await finish('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(started).toEqual(['a']);
  });

  test('a delay given while the key runs counts from then', async () => {
    const { queue, started, settle, finish } = running(1);
    queue.add('a');
    await settle();
    queue.addAfter('a', 100);
    await finish('a');
    expect(started).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(101);
    expect(started).toHaveLength(2);
  });

  test('a delay that ends while the key runs makes it run again', async () => {
    const { queue, started, settle, finish } = running(1);
    queue.add('a');
    await settle();
    queue.addAfter('a', 100);
    await vi.advanceTimersByTimeAsync(200);
    expect(started).toHaveLength(1);
    await finish('a');
    expect(started).toHaveLength(2);
  });

  test('a handler that throws is reported, and its key waits longer each time until forgotten', async () => {
    const errors: string[] = [];
    const queue = new WorkQueue({ onError: (key, error) => errors.push(`${key}: ${String(error)}`) });
    const { started, settle, finish } = running(1, queue);
    queue.add('a');
    await settle();
    for (const ms of [5, 10, 20]) {
      const before = started.length;
      await finish('a', new Error('no'));
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(started).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(2);
      expect(started).toHaveLength(before + 1);
    }
    expect(errors).toEqual(['a: Error: no', 'a: Error: no', 'a: Error: no']);
    queue.forget('a');
    await finish('a', new Error('no'));
    await vi.advanceTimersByTimeAsync(6);
    expect(started).toHaveLength(5);
  });

  test('when aborted it starts nothing more, waits for what runs, and leaves no timer', async () => {
    const { queue, abort, started, done, settle, finish } = running(1);
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    await settle();
    abort.abort();
    const ended = vi.fn<() => void>();
    void done.then(ended);
    await vi.advanceTimersByTimeAsync(100);
    expect(ended).not.toHaveBeenCalled();
    await finish('a');
    expect(ended).toHaveBeenCalledOnce();
    expect(started).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('when aborted it leaves no timer for what a handler adds at its end, nor for what is added later', async () => {
    const { queue, abort, done, settle, finish } = running(2);
    queue.add('a');
    queue.add('b');
    await settle();
    abort.abort();
    queue.addAfter('a', 300_000);
    await finish('a');
    await finish('b', new Error('no'));
    await done;
    queue.addAfter('c', 300_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('what was added before it runs is not lost', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    queue.addAfter('b', 50);
    const { started, settle, finish } = running(1, queue);
    await settle();
    await finish('a');
    await vi.advanceTimersByTimeAsync(51);
    expect(started).toEqual(['a', 'b']);
  });
});
