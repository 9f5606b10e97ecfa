import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cached, cacheRoot, hashOf } from './cache.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flowrun-cache-test-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A maker that counts its calls and writes `text`. */
function maker(text: string) {
  const make = async (scratch: string) => {
    make.calls += 1;
    await writeFile(join(scratch, 'file'), text);
    return join(scratch, 'file');
  };
  make.calls = 0;
  return make;
}

test.each([
  [{ FLOWRUN_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
  [{ FLOWRUN_CACHE: '', XDG_CACHE_HOME: '/b' }, '/b/flowrun'],
])('the cache of %j is %s', (env, expected) => {
  expect(cacheRoot(env)).toBe(expected);
});

test('the hash depends on every part and on where parts begin', () => {
  const hashes = [['ab', 'c'], ['a', 'bc'], ['abc'], ['ab', 'd'], ['ab', 'c', '']].map(hashOf);
  expect(new Set(hashes).size).toBe(hashes.length);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{12}$/);
});

test('many that want the same target at once get it, and one of them makes it', async () => {
  const make = maker('made');
  const target = join(directory, 'target');
  const paths = await Promise.all(Array.from({ length: 10 }, () => cached(target, make)));
  expect(new Set(paths)).toEqual(new Set([target]));
  expect(await readFile(target, 'utf8')).toBe('made');
  expect(make.calls).toBe(1);
  expect(await readdir(directory)).toEqual(['target']);
});

test('a target whose making failed is absent, leaves nothing, and can be made again', async () => {
  const target = join(directory, 'target');
  await expect(
    cached(target, async (scratch) => {
      await writeFile(join(scratch, 'half'), '');
      throw new Error('no space');
    }),
  ).rejects.toThrow('no space');
  expect(await readdir(directory)).toEqual([]);
  await cached(target, maker('again'));
  expect(await readFile(target, 'utf8')).toBe('again');
});

test('the turn of a killed process goes to the next, who removes its scratch', async () => {
  const target = join(directory, 'target');
  const script = `
    const { cached } = await import(${JSON.stringify(new URL('cache.ts', import.meta.url).href)});
    setInterval(() => {}, 1000);
    await cached(${JSON.stringify(target)}, (scratch) => { console.log(scratch); return new Promise(() => {}); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [scratch] = await once(child.stdout, 'data');
  expect(existsSync(String(scratch).trim())).toBe(true);

  const make = maker('next');
  const next = cached(target, make);
  await cached(join(directory, 'other'), maker('beside'));
  expect(existsSync(String(scratch).trim())).toBe(true);
  expect(make.calls).toBe(0);
  child.kill('SIGKILL');
  await next;
  expect(await readFile(target, 'utf8')).toBe('next');
  expect(await readdir(directory)).toEqual(['other', 'target']);
});

test('a scratch directory that nobody works in goes with the next making beside it', async () => {
  await mkdir(join(directory, '.old-target.aB3dE6', 'deep'), { recursive: true });
  await cached(join(directory, 'target'), maker('made'));
  expect(await readdir(directory)).toEqual(['target']);
});
