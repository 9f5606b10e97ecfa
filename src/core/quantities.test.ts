import { describe, expect, test } from 'vitest';

import { parseDuration } from './durations.ts';
import { nearest } from './nearest.ts';
import { formatBytes, parseQuantity, parseSize } from './quantities.ts';

describe('a Kubernetes quantity', () => {
  test.each([
    ['500m', 0.5],
    ['2Gi', 2 * 1024 ** 3],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['3k', 3000],
    [4, 4],
    ['1E', 1e18],
    ['', undefined],
    ['2GiB', undefined],
    ['4 Gi', undefined],
    ['1K', undefined],
    ['Gi', undefined],
  ])('%j is %j', (value, expected) => {
    expect(parseQuantity(value)).toBe(expected);
  });
});

// What dask.utils.parse_bytes answers, except where it raises.
describe('a size as Dask writes it', () => {
  test.each([
    ['4GiB', 4 * 1024 ** 3],
    ['4 GB', 4e9],
    ['4Gi', 4 * 1024 ** 3],
    ['4G', 4e9],
    ['4 gib', 4 * 1024 ** 3],
    ['1.5 kB', 1500],
    ['500m', 500e6],
    ['100', 100],
    ['100 B', 100],
    ['1e6', 1e6],
    ['1e3 MB', 1e9],
    [2_000_000, 2_000_000],
    ['four', undefined],
    ['4 i', undefined],
    ['-1', undefined],
    [-1, undefined],
    ['', undefined],
  ])('%j has %j bytes', (value, expected) => {
    expect(parseSize(value)).toBe(expected);
  });
});

test.each([
  [4 * 1024 ** 3, '4Gi'],
  [1536 * 1024 ** 2, '1536Mi'],
  [4e9, '3906250Ki'],
  [1000, '1000'],
  [0, '0'],
])('%d bytes are written %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
  expect(parseQuantity(text)).toBe(bytes);
});

describe('a duration as Dask writes it', () => {
  test.each([
    [5, 5],
    ['5s', 5],
    ['500ms', 0.5],
    ['2 minutes', 120],
    ['1h', 3600],
    ['1.5 Hours', 5400],
    ['10', 10],
    ['1 day', 86_400],
    ['soon', undefined],
    ['5 fortnights', undefined],
    [-1, undefined],
    ['', undefined],
  ])('%j is %j seconds', (value, expected) => {
    expect(parseDuration(value)).toBe(expected);
  });
});

describe('the nearest known name', () => {
  const known = ['n_workers', 'image', 'worker_resources', 'memory_limit', 'threads_per_worker'];
  test.each([
    ['n_worker', 'n_workers'],
    ['nWorkers', 'n_workers'],
    ['memory-limit', 'memory_limit'],
    ['imgae', 'image'],
    ['workerResources', 'worker_resources'],
    ['x'.repeat(10_000), 'n_workers'],
  ])('of %.20s is %s', (name, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});
