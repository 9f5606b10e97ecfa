import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { readExample } from '../support/examples.ts';
import { podsLeft } from '../support/pods-left.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';

let space: TestNamespace;
let operator: TestOperator;

beforeAll(async () => {
  space = await namespaceFor('examples', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.stop();
  await space?.remove();
});

/** Applies the example, waits until it is over and cleaned up, and returns it with the pods that are left. */
async function runToEnd(name: string) {
  const example = readExample(name, inject('images'));
  await space.apply(example);
  const over = await eventually(
    `${name} is over and cleaned up`,
    async () => (await space.condition(example.metadata.name, 'CleanedUp')) === 'True',
    300,
  ).catch(async (error: unknown) => {
    const { status } = runOf(await space.get('flowrun', example.metadata.name));
    throw new Error(
      `${String(error)}\n${JSON.stringify(status, undefined, 1)}\n${(await operator.log()).slice(-4000)}`,
      {
        cause: error,
      },
    );
  });
  expect(over).toBe(true);
  const { status } = runOf(await space.get('flowrun', example.metadata.name));
  const pods = await podsLeft(space, example.metadata.name);
  return {
    status,
    left: pods.map(({ role }) => role),
    log: pods.length === 1 ? await space.logs(pods[0]?.name ?? '') : '',
  };
}

const CASES: [example: string, value: object][] = [
  [
    'flights-prefect1',
    {
      airlines: 14,
      flights: 326_975,
      best: [
        { airline: 'Alaska Airlines Inc.', flights: 709, delay: -9.9 },
        { airline: 'American Airlines Inc.' },
        { airline: 'Delta Air Lines Inc.' },
      ],
      worst: [{}, {}, { airline: 'Frontier Airlines Inc.', flights: 681, delay: 21.9 }],
    },
  ],
  [
    'flights-prefect3',
    {
      badFlights: 23_943,
      extraMinutes: 16.1,
      worst: [{ airport: 'EWR', month: 9, badFlights: 138, extraMinutes: 54 }, {}, {}],
    },
  ],
  [
    'flights-dask',
    {
      routes: 40,
      best: [{ route: 'LGA-BOS', flights: 4002, ninetieth: 24 }, {}, {}],
      worst: [{}, {}, { route: 'EWR-DTW' }],
    },
  ],
  [
    'local',
    {
      hours: 19,
      best: { hour: 5, flights: 1944, delay: 0.7 },
      worst: { hour: 19, flights: 20_580, delay: 24.8 },
    },
  ],
];

describe('an example, as it is, in a namespace of the Pod Security level restricted,', () => {
  test.each(CASES)(
    '%s completes with its result, and only its flow pod is left',
    async (name, value) => {
      const { status, left } = await runToEnd(name);
      expect(status).toMatchObject({ phase: 'Succeeded', attempt: 1, result: { exitCode: 0, value } });
      expect(left).toEqual(['flow']);
    },
    330_000,
  );

  test('adaptive grows with its work and shrinks after it, and tells why', async () => {
    const { status, left } = await runToEnd('adaptive');
    expect(status).toMatchObject({
      phase: 'Succeeded',
      result: {
        value: {
          rows: 54,
          best: { airport: 'LGA', hour: 6, minutes: -0.4 },
          worst: { airport: 'EWR', hour: 19, minutes: 31.1 },
        },
      },
    });
    const history = status.scaling?.history ?? [];
    expect(history[0], `${JSON.stringify(status)}\n${(await operator.log()).slice(-4000)}`).toMatchObject({
      from: 1,
    });
    expect(Math.max(...history.map(({ to }) => to))).toBeGreaterThan(1);
    expect(history.at(-1)).toMatchObject({ to: 1, reason: expect.stringMatching(/results are held/) });
    expect(left).toEqual(['flow']);
  }, 330_000);

  test('command completes, its output is in the log, and only its flow pod is left', async () => {
    const { status, left, log } = await runToEnd('command');
    expect(status).toMatchObject({ phase: 'Succeeded', result: { exitCode: 0 } });
    expect(log).toMatch(/BOEING +128\.9 million miles\n(.*\n){3}BOMBARDIER INC +14\.5 million miles/);
    expect(left).toEqual(['flow']);
  }, 330_000);
});
