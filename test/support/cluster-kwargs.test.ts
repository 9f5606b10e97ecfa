import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dask, everything, resolvedOf } from '../../src/manifests/attempt.fixture.ts';
import { EFFECTS, type Effect } from './cluster-kwargs.ts';

const pod = z.looseObject({
  kind: z.literal('Pod'),
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    containers: z.array(z.looseObject({ name: z.string(), command: z.array(z.string()) })),
  }),
});

const podOf = (clusterKwargs: object, role: string) => {
  const objects = everything(resolvedOf(dask(clusterKwargs))).map((object) => pod.safeParse(object).data);
  const found = objects.find((object) => object?.metadata.labels['flowrun.dev/role'] === role);
  const container = found?.spec.containers.find(({ name }) => name === role);
  if (found === undefined || container === undefined) throw new Error(`no pod of the ${role}`);
  return { pod: found, container };
};

const CASES = Object.entries(EFFECTS).flatMap(([key, { example, worker, scheduler }]) =>
  Object.entries({ worker, scheduler })
    .filter((entry): entry is [string, Effect] => entry[1] !== undefined)
    .map(([role, effect]) => ({ key, role, example, effect })),
);

/** Whether the value stands at the path; of a list, whether its items do. A dot of a name is written `\\.`. */
function has(object: unknown, path: string, value: unknown): boolean {
  const keys = path.split(/(?<!\\)\./).map((word) => word.replaceAll('\\', ''));
  const found = keys.reduce<unknown>(
    (outer, key) => (typeof outer === 'object' && outer !== null ? Reflect.get(outer, key) : undefined),
    object,
  );
  if (!Array.isArray(value) || !Array.isArray(found)) return isDeepStrictEqual(found, value);
  return value.every((item) => found.some((other) => isDeepStrictEqual(other, item)));
}

const wordsOf = (kwargs: object, role: string) => podOf(kwargs, role).container.command.join(' ');

describe('what the page says of a keyword argument is in the pods', () => {
  test.each(CASES.filter(({ effect }) => effect.command !== undefined))(
    '$key: command of the $role',
    ({ key, role, example, effect: { command = '' } }) => {
      expect(wordsOf({ [key]: example }, role)).toContain(command);
    },
  );

  test.each(
    CASES.flatMap(({ effect, ...rest }) =>
      (['container', 'pod'] as const).flatMap((part) =>
        Object.entries(effect[part] ?? {}).map(([path, value]) => ({ ...rest, part, path, value })),
      ),
    ),
  )('$key: $path of the $role, and not without it', ({ key, role, example, part, path, value }) => {
    expect(has(podOf({ [key]: example }, role)[part], path, value)).toBe(true);
    expect(has(podOf({}, role)[part], path, value)).toBe(false);
  });

  test.each(Object.entries(EFFECTS).filter(([, { workers }]) => workers !== undefined))(
    '%s: number of workers',
    (key, { example, workers }) => {
      const { cluster } = resolvedOf(dask({ [key]: example }));
      expect(cluster?.groups.reduce((sum, group) => sum + group.workers, 0)).toBe(workers);
    },
  );
});
