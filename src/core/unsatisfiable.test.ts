import { expect, test } from 'vitest';

import type { GroupPlan } from './observed.ts';
import { unsatisfiable } from './unsatisfiable.ts';

type Resources = Record<string, number>;

const groups = (...offers: Resources[]): GroupPlan[] =>
  offers.map((resources, index) => ({
    name: `g${index}`,
    workers: 1,
    minimum: 0,
    maximum: 1,
    threads: 1,
    memoryBytes: undefined,
    resources,
  }));

const demand = (resources: Resources, tasks = 2) => [{ resources, tasks, unknown: 0, seconds: 1 }];

test.each<[Resources, Resources[], string | undefined]>([
  [{}, [{}], undefined],
  [{ GPU: 1 }, [{}, { GPU: 1 }], undefined],
  [{ GPU: 1 }, [{ GPU: 2 }], undefined],
  [{ gpu: 1 }, [{}, { GPU: 1 }], '2 tasks need gpu=1: no worker declares gpu; did you mean GPU?'],
  [{ GPU: 2 }, [{ GPU: 1 }], '2 tasks need GPU=2: no worker has more GPU than 1.'],
  [{ TPU: 1 }, [{ GPU: 1 }, { MEM: 4 }], '2 tasks need TPU=1: no worker declares TPU, only GPU, MEM.'],
  [
    { GPU: 1 },
    [{}],
    '2 tasks need GPU=1: no worker declares any resource; write `worker_resources` into `clusterKwargs` or one of its `worker_groups`.',
  ],
  [
    { GPU: 1, MEM: 2 },
    [{ GPU: 1 }, { MEM: 4 }],
    '2 tasks need GPU=1 and MEM=2: no kind of worker has all of these together.',
  ],
])('tasks that need %j of workers with %j', (resources, offers, told) => {
  expect(unsatisfiable(demand(resources), groups(...offers))).toBe(told);
});

test('a group that may have no worker offers nothing, and a demand of no task is none', () => {
  const [group] = groups({ GPU: 1 });
  const closed = group === undefined ? [] : [{ ...group, maximum: 0 }];
  expect(unsatisfiable(demand({ GPU: 1 }, 1), closed)).toMatch(/^1 task needs GPU=1: /);
  expect(unsatisfiable(demand({ GPU: 1 }, 0), closed)).toBe(undefined);
});
