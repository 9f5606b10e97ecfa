import { describe, expect, test } from 'vitest';

import { resolveWith } from './resolve.fixture.ts';

const verdict = (executor: object) => {
  const resolution = resolveWith(executor);
  return resolution.ok ? 'accepted' : `${resolution.reason}: ${resolution.message}`;
};

const WRITE = 'write the address of the scheduler, as in `tcp://host:8786` or `tls://host:8786`.';

describe('an address of an existing scheduler', () => {
  test.each([
    'tcp://dask:8786',
    'dask:8786',
    'tls://10.0.0.1:1',
    'ws://[fd00::1]:80',
    'gateway://hub/x',
    'inproc://1/2',
  ])('%s is taken', (address) => {
    expect(verdict({ type: 'DaskExecutor', address })).toBe('accepted');
  });

  test.each([
    ['tcp://dask', 'has no port'],
    ['dask', 'has no port'],
    ['wss://dask/8786', 'has no port'],
    ['https://dask:8787/status', 'is that of a web page, such as the dashboard'],
    ['tcp://', 'is no address'],
    ['tcp://my dask:8786', 'is no address'],
  ])('%s %s', (address, what) => {
    expect(verdict({ type: 'DaskExecutor', address })).toBe(
      `InvalidAddress: \`executor.address\` "${address}" ${what}; ${WRITE}`,
    );
  });
});

describe('keyword arguments of LocalDaskExecutor', () => {
  test.each([{}, { num_workers: 4 }, { num_workers: null }, { 'array.chunk-size': '64 MiB', pool: 1 }])(
    '%j are taken',
    (kwargs) => {
      expect(verdict({ type: 'LocalDaskExecutor', kwargs })).toBe('accepted');
    },
  );

  test.each([
    [
      { num_workers: 'four' },
      '`executor.kwargs.num_workers` must be a whole number of at least 1, not "four".',
    ],
    [{ num_workers: 0 }, '`executor.kwargs.num_workers` must be a whole number of at least 1, not 0.'],
    [
      { n_workers: 4 },
      '`executor.kwargs.n_workers` is not a keyword of LocalDaskExecutor; write `num_workers`.',
    ],
    [
      { scheduler: 'threads' },
      '`executor.kwargs.scheduler` is not a keyword of LocalDaskExecutor; write `executor.scheduler`.',
    ],
  ])('%j are refused', (kwargs, message) => {
    expect(verdict({ type: 'LocalDaskExecutor', kwargs })).toBe(`InvalidKwargs: ${message}`);
  });
});
