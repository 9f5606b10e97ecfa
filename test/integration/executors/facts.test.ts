import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { existingName, makeExisting } from './existing.ts';
import { WAYS, type Way } from './ways.ts';
import { KINDS, type Kind, openWorld, type Over, succeeded, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld('executors');
  await Promise.all([...KINDS, 'tls' as const].map((which) => makeExisting(world.space, which)));
});
afterAll(() => world?.close());

const CELLS = WAYS.flatMap((way, index) =>
  (way.kinds ?? KINDS).map((kind) => ({ way, kind, what: way.name, name: `${kind}-${index}` })),
);

/** A value of nearly every kind that JSON has, with the longest integer that Kubernetes stores; kubectl drops nulls. */
const ECHO = '{"id": 9223372036854775807, "text": "Zürich 🐍", "list": [0.1, -1, true, {}]}';
const ECHOED = "{'id': 9223372036854775807, 'list': [0.1, -1, True, {}], 'text': 'Zürich 🐍'}";

const facts = z.strictObject({
  met: z.boolean(),
  pods: z.array(z.string()),
  processes: z.int(),
  threads: z.int(),
  keys: z.array(z.string().nullable()),
  different: z.int(),
  echo: z.string(),
  id: z.unknown(),
});

describe('tasks run where and as the executor says, each once, with the sources of the run', () => {
  test.concurrent.for(CELLS)('$what × $kind', { timeout: 600_000 }, async ({ way, kind, name }) => {
    const over = await world.run({
      name,
      kind,
      entrypoint: 'facts',
      parameters: `{"group": "${name}", "parties": ${way.parallel ? 2 : 1}, "echo": ${ECHO}}`,
      executor: await executorOf(way, kind),
      ...(way.flow === undefined ? {} : { flow: way.flow }),
    });
    const { result, tasks = { waiting: 0, running: 0 } } = succeeded(over);
    expect(tasks).toMatchObject({ waiting: 0, running: 0 });
    const seen = facts.parse(result?.value);
    expect(seen).toMatchObject({ met: way.parallel, different: 2, echo: ECHOED });
    expect(JSON.stringify(seen.id)).toBe('9223372036854775807');
    expect(place(seen, over.pod)).toBe(way.where);
    expect(seen.keys).toEqual(way.keyed === true ? keysOf(kind) : [null, null]);
    for (const words of way.says?.[kind] ?? []) expect(over.log).toMatch(words);
    expectTaskLogs(way, kind, over, seen.pods);
  });
});

const service = z.looseObject({ spec: z.looseObject({ clusterIP: z.string() }) });

async function executorOf({ executor }: Way, kind: Kind): Promise<object> {
  const { spec } = service.parse(await world.space.get('service', existingName(kind)));
  const text = JSON.stringify(executor).replace('KIND', kind).replace('CLUSTER_IP', spec.clusterIP);
  return z.looseObject({}).parse(JSON.parse(text));
}

function place({ pods, processes }: z.infer<typeof facts>, flowPod: string): Way['where'] {
  if (pods.includes(flowPod)) return processes > 1 ? 'pod' : 'process';
  return pods.some((pod) => pod.startsWith('existing-')) ? 'existing' : 'workers';
}

/** Prefect 1 names a mapped task by its index, Prefect 3 and Dask by the function alone. */
const keysOf = (kind: Kind) => (kind === 'prefect1' ? ['probe-0', 'probe-1'] : ['probe', 'probe']);

/** Once each, since each task runs once; with pod and task in front where a worker of the operator's says it. */
function expectTaskLogs(way: Way, kind: Kind, { log }: Over, pods: readonly string[]): void {
  if (way.where === 'existing') return;
  for (const index of [0, 1]) {
    expect(log.match(new RegExp(`probe ${index} prints`, 'g'))).toHaveLength(1);
    const told = kind === 'plain' ? ['logs'] : ['logs', 'tells Prefect'];
    for (const how of told) expect(log).toContain(`probe ${index} ${how}`);
  }
  if (way.where !== 'workers') return;
  expect(pods).toHaveLength(2);
  for (const pod of pods) expect(log).toContain(`[${pod} probe] probe `);
}
