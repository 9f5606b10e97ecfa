import { describe, expect, test } from 'vitest';

import { groupSizes } from './group-sizes.ts';
import { resolveAdapt } from './adapt-kwargs.ts';

type Asked = [workers?: number | undefined, minimum?: number, maximum?: number];

const wanted = (asked: readonly Asked[]) =>
  asked.map(([workers, minimum, maximum], index) => ({ name: `g${index}`, workers, minimum, maximum }));

describe('a cluster of fixed size has what is asked for', () => {
  test.each<[Asked[], number[]]>([
    [[[]], [1]],
    [[[0]], [0]],
    [
      [[3], [2]],
      [3, 2],
    ],
    [
      [[], []],
      [1, 1],
    ],
    // workersPerRun is 10: what comes last is cut.
    [
      [[8], [5], [1]],
      [8, 2, 0],
    ],
  ])('%j', (asked, workers) => {
    const sizes = groupSizes(wanted(asked), undefined, 10);
    expect(sizes).toEqual(workers.map((each) => ({ workers: each, minimum: each, maximum: each })));
  });
});

describe('an adaptive cluster begins within its bounds, and never with nothing', () => {
  test.each<[Record<string, unknown>, Asked[], [workers: number, minimum: number, maximum: number][]]>([
    [{ maximum: 5 }, [[]], [[1, 0, 5]]],
    [{ maximum: 5 }, [[3]], [[3, 0, 5]]],
    [{ maximum: 5 }, [[9]], [[5, 0, 5]]],
    [{ minimum: 2, maximum: 5 }, [[]], [[2, 0, 5]]],
    [{ minimum: 4 }, [[1]], [[4, 0, 10]]],
    [
      { maximum: 5 },
      [[], [2, 1, 3]],
      [
        [0, 0, 5],
        [2, 1, 3],
      ],
    ],
    [
      { maximum: 5 },
      [
        [0, 0, 0],
        [0, 0, 2],
      ],
      [
        [0, 0, 0],
        [1, 0, 2],
      ],
    ],
    [
      { maximum: 5 },
      [[], [undefined, 2, 9]],
      [
        [0, 0, 5],
        [2, 2, 5],
      ],
    ],
    [
      { maximum: 4 },
      [[3], [3, 2, 3]],
      [
        [2, 0, 4],
        [2, 2, 3],
      ],
    ],
    [
      { minimum: 4, maximum: 6 },
      [[], [1]],
      [
        [3, 0, 6],
        [1, 0, 6],
      ],
    ],
  ])('%j of %j', (adaptKwargs, asked, expected) => {
    const { adapt } = resolveAdapt(adaptKwargs, 10);
    expect(groupSizes(wanted(asked), adapt, 10)).toEqual(
      expected.map(([workers, minimum, maximum]) => ({ workers, minimum, maximum })),
    );
  });
});
