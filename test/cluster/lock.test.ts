import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withLock } from './lock.ts';

async function lockFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'flowrun-lock-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, 'folder', 'lock');
}

test('the second waits until the first is done', async () => {
  const path = await lockFile();
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const first = withLock(path, async () => {
    held.resolve();
    await leave.promise;
    order.push('first');
  });
  await held.promise;
  const waiting = Promise.withResolvers<void>();
  const second = withLock(
    path,
    async () => {
      order.push('second');
    },
    () => waiting.resolve(),
  );
  await waiting.promise;
  expect(order).toEqual([]);
  leave.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});

test('a failure inside gives the lock back', async () => {
  const path = await lockFile();
  await expect(withLock(path, () => Promise.reject(new Error('oh')))).rejects.toThrow('oh');
  await expect(withLock(path, async () => 'next')).resolves.toBe('next');
});
