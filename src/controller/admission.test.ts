import { expect, test } from 'vitest';
import type { FlowRunStatus } from '../api/status.ts';
import { Admission } from './admission.ts';

let versions = 0;

function run(name: string, createdAt: number, status: FlowRunStatus = {}, spec = {}) {
  return {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: {
      name,
      namespace: 'team',
      uid: `uid-${name}`,
      resourceVersion: String(++versions),
      generation: 1,
      creationTimestamp: new Date(createdAt * 1000).toISOString(),
    },
    spec: { flow: { image: 'i', entrypoint: 'm:f' }, ...spec },
    status,
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function line(limit: number) {
  const woken: string[] = [];
  const admission = new Admission({ all: undefined, perNamespace: limit }, (key) => woken.push(key));
  return { admission, woken };
}

const CLEANED: FlowRunStatus = {
  attempt: 1,
  conditions: [
    {
      type: 'CleanedUp',
      status: 'True',
      reason: 'CleanedUp',
      message: '',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
};

test('who was created first begins first, whenever it is seen', () => {
  const { admission } = line(1);
  admission.seen('team/b', run('b', 2));
  admission.seen('team/a', run('a', 1));
  expect(admission.placeOf('team/a')).toBeUndefined();
  expect(admission.placeOf('team/b')).toMatchObject({ position: 1, waiting: 1 });
});

test('a slot is taken from the decision on, before anything of the write is seen', () => {
  const { admission } = line(1);
  admission.seen('team/b', run('b', 2));
  admission.begins('team/b');
  admission.seen('team/a', run('a', 1));
  expect(admission.placeOf('team/a')).toMatchObject({ position: 1 });
  // The write did not take place, and somebody cancelled the run meanwhile.
  admission.seen('team/b', run('b', 2, {}, { cancel: true }));
  expect(admission.placeOf('team/a')).toBeUndefined();
});

test('a slot that gets free wakes who may begin and nobody else', async () => {
  const { admission, woken } = line(1);
  admission.seen('team/a', run('a', 1, { attempt: 1 }));
  for (const [index, name] of ['b', 'c', 'd'].entries())
    admission.seen(
      `team/${name}`,
      run(name, 2 + index, { queue: { position: index + 1, waiting: 3, limit: 1, scope: 'Namespace' } }),
    );
  await settled();
  expect(woken).toEqual([]);
  admission.seen('team/a', run('a', 1, CLEANED));
  await settled();
  // c stands at 1 and shows 2: that has halved. d stands at 2 and shows 3.
  expect(woken).toEqual(['team/b', 'team/c']);
});

test('progress of a run that holds a slot wakes nobody', async () => {
  const { admission, woken } = line(1);
  admission.seen('team/a', run('a', 1, { attempt: 1 }));
  admission.seen('team/b', run('b', 2));
  await settled();
  admission.seen('team/a', run('a', 1, { attempt: 1, tasks: { total: 1 } }));
  await settled();
  expect(woken).toEqual([]);
});

test('without limits nothing waits and nothing is kept', () => {
  const admission = new Admission({ all: undefined, perNamespace: undefined }, () => undefined);
  admission.seen('team/a', run('a', 1, { attempt: 1 }));
  admission.seen('team/b', run('b', 2));
  expect(admission.placeOf('team/b')).toBeUndefined();
  expect(admission.waiting).toBe(0);
});
