import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { type TestOperator, operatorFor } from '../support/operator-for.ts';

let space: TestNamespace;
let operator: TestOperator;

beforeAll(async () => {
  space = await namespaceFor('tls');
  operator = await operatorFor(space);
});
afterAll(async () => {
  await operator?.kill();
  await space.remove();
});

/** Computes on the run's cluster, and on one of its own that knows nothing of certificates; then waits for `/tmp/end`. */
const FLOW = `import os, time
from distributed import Client, LocalCluster, get_client

def main():
    theirs = get_client().submit(sum, [1, 2, 3]).result()
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster, Client(cluster, set_as_default=False) as client:
        own = client.submit(sum, [4, 5]).result()
    print("computed", flush=True)
    while not os.path.exists("/tmp/end"):
        time.sleep(0.1)
    return [theirs, own]
`;

const manifest = (name: string, image: string) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { name },
  spec: {
    flow: { image, entrypoint: 'both.py:main', source: { inline: { 'both.py': FLOW } } },
    executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } },
  },
});

const ipOf = (pod: KubeObject | undefined) =>
  z.looseObject({ status: z.looseObject({ podIP: z.string() }) }).parse(pod).status.podIP;
const roleOf = async (name: string, role: string) =>
  (await space.list('pod', `flowrun.dev/name=${name},flowrun.dev/role=${role}`))[0];

/** What Dask said first, in bytes; or why there is no connection. TLS 1.3 tells a client without certificate only when it reads. */
async function ask(port: number, host: string, options: ConnectionOptions): Promise<number | string> {
  const socket = connect({ ...options, host, port, checkServerIdentity: () => undefined });
  return answer(socket);
}

async function answer(socket: ReturnType<typeof connect> | ReturnType<typeof connectPlain>) {
  socket.setTimeout(10_000, () => socket.destroy(new Error('silence')));
  try {
    const first = await Promise.race([
      once(socket, 'data').then(([data]: unknown[]) => (Buffer.isBuffer(data) ? data.length : 'no data')),
      once(socket, 'close').then(() => 'closed'),
    ]);
    return first;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    socket.destroy();
  }
}

/** Worker ports are random, and a worker listens for HTTP as well: its log tells where it speaks Dask. */
async function workerPort(pod: string): Promise<number> {
  const [, port] = /Start worker at: +tls:\/\/[\d.]+:(\d+)/.exec(await space.logs(pod)) ?? [];
  return Number(port);
}

describe.each(['prefect1', 'prefect3'] as const)('a run with the Dask of %s', (generation) => {
  const name = `fenced-${generation}`;

  test('lets nobody in who has no certificate of its own, and works', async () => {
    await space.apply(manifest(name, inject('images')[generation]));
    const flow = await eventually('the flow pod', () => roleOf(name, 'flow'), 60);
    const log = async () => space.logs(flow.metadata.name ?? '').catch(() => '');
    await eventually(`${name} has computed`, async () => (await log()).includes('computed'), 120);

    const scheduler = ipOf(await roleOf(name, 'scheduler'));
    const worker = await roleOf(name, 'worker');
    const doors: [string, number][] = [
      [scheduler, 8786],
      [scheduler, 8788],
      [ipOf(worker), await workerPort(worker?.metadata.name ?? '')],
    ];
    const held = await secretOf(name);
    for (const [host, port] of doors) {
      const door = `${host}:${port}`;
      expect(await ask(port, host, { ca: held.ca }), `${door} without a certificate`).toMatch(
        /certificate required|alert/i,
      );
      expect(await answer(connectPlain(port, host)), `${door} without encryption`).not.toBeTypeOf('number');
    }
    // The same doors, with what the run's own pods have.
    expect(await ask(8786, scheduler, held)).toBeTypeOf('number');

    await space.exec(flow.metadata.name ?? '', ['touch', '/tmp/end']);
    await space.waitFor(name, 'CleanedUp', 120);
    const { status } = runOf(await space.get('flowrun', name));
    expect({ phase: status.phase, value: status.result?.value }).toEqual({
      phase: 'Succeeded',
      value: [6, 9],
    });
    await eventually(
      'the garbage collector has taken the keys',
      async () => (await space.list('secret', `flowrun.dev/name=${name}`)).length === 0,
    );
  }, 400_000);
});

/** As an administrator may; the operator may not. */
async function secretOf(name: string): Promise<{ ca: string; cert: string; key: string }> {
  const [secret] = await space.list('secret', `flowrun.dev/name=${name}`);
  const { data } = z.looseObject({ data: z.record(z.string(), z.base64()) }).parse(secret);
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  return { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') };
}
