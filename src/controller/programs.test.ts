import { describe, expect, test } from 'vitest';
import { MAX_CARRIED_BYTES } from '../core/resolve.ts';
import { readPrograms } from './programs.ts';

/** What the API server lets the values of a ConfigMap hold. */
const MAX_CONFIG_MAP_BYTES = 1024 * 1024;

describe('the programs of an attempt', () => {
  test('are all there, without their tests', async () => {
    const names = Object.keys(await readPrograms());
    expect(names).toEqual(
      expect.arrayContaining(['launcher.py', 'main.py', 'scheduler.py', 'worker_preload.py']),
    );
    expect(names.filter((name) => /test|conftest/.test(name))).toEqual([]);
  });

  test('leave room beside the largest sources for the resolved spec', async () => {
    const texts = Object.values(await readPrograms());
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(bytes + MAX_CARRIED_BYTES).toBeLessThan(MAX_CONFIG_MAP_BYTES - 100 * 1024);
  });
});
