import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProcesses, isLiving, killProcesses, start } from './processes.ts';

async function stateDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'flowrun-processes-'));
  onTestFinished(async () => {
    await killProcesses(directory);
    await rm(directory, { recursive: true });
  });
  return directory;
}

test('a zombie is not alive, nor is a process that is gone', () => {
  expect(isLiving('Name:\tx\nState:\tZ (zombie)\n')).toBe(false);
  expect(isLiving('')).toBe(false);
  expect(isLiving('Name:\tx\nState:\tS (sleeping)\n')).toBe(true);
});

test('processes are found by their mark, with those they started, and only in their own cluster', async () => {
  const directory = await stateDirectory();
  const started = start(directory, 'parent', ['sh', '-c', 'sleep 60 & sleep 60'], join(directory, 'log'));
  await expect.poll(() => findProcesses(directory).length).toBe(3);
  expect(findProcesses(directory)).toContainEqual(
    expect.objectContaining({ pid: started.pid, component: 'parent' }),
  );
  expect(findProcesses(`${directory}x`)).toEqual([]);
  expect(await killProcesses(directory)).toBe(3);
  expect(findProcesses(directory)).toEqual([]);
});

test('a component that ends by itself is reported with the end of its output', async () => {
  const directory = await stateDirectory();
  const { failed } = start(
    directory,
    'etcd',
    ['sh', '-c', 'echo the disk is full; exit 3'],
    join(directory, 'log'),
  );
  await expect(failed).rejects.toThrow(/etcd ended \(exit code 3\).*\n.*the disk is full/);
});

test('a program that does not exist is reported', async () => {
  const directory = await stateDirectory();
  await expect(start(directory, 'x', ['/no/such/program'], join(directory, 'log')).failed).rejects.toThrow(
    'cannot start x',
  );
});
