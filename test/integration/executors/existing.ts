import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { selfSigned } from '../../support/certificate.ts';
import type { TestNamespace } from '../../support/namespace.ts';
import type { Kind } from './world.ts';

/** Which Dask clusters there are before any run: one for each kind of flow, and one that speaks TLS alone. */
export type Existing = Kind | 'tls';

export const existingName = (which: Existing) => `existing-${which}`;

/** Where the Secret of the TLS cluster is mounted, there and in flows that connect to it. */
export const TLS_VOLUME = {
  volumes: [{ name: 'tls', secret: { secretName: existingName('tls') } }],
  volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
};

const TLS_FLAGS = '--tls-ca-file /tls/tls.crt --tls-cert /tls/tls.crt --tls-key /tls/tls.key';

function commandOf(which: Existing): string {
  const [protocols, ports, flags, scheme] =
    which === 'tls' ? ['tls', '8786', TLS_FLAGS, 'tls'] : ['tcp,ws', '8786,8788', '', 'tcp'];
  const scheduler = `python3 -m distributed.cli.dask_scheduler --protocol ${protocols} --port ${ports} --no-dashboard ${flags}`;
  const worker = `python3 -u -m distributed.cli.dask_worker ${scheme}://$POD_IP:8786 --nthreads 2 --no-nanny --no-dashboard ${flags}`;
  return `${scheduler} & exec ${worker}`;
}

/**
 * A Dask cluster that nobody here made: a scheduler and a worker of two threads in one pod, behind a Service of its name. It has
 * the helpers of the suite, as such a cluster has its users' dependencies, and nothing of the operator's.
 */
export async function makeExisting(space: TestNamespace, which: Existing): Promise<void> {
  const name = existingName(which);
  const tls = which === 'tls' ? TLS_VOLUME : { volumes: [], volumeMounts: [] };
  const helpers = await readFile(join(import.meta.dirname, 'flows/helpers.py'), 'utf8');
  await space.apply({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...(which === 'tls' ? [await secret(name)] : []),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'helpers.py': helpers } },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name },
        spec: {
          selector: { app: name },
          ports: [
            { name: 'dask', port: 8786 },
            { name: 'ws', port: 8788 },
          ],
          publishNotReadyAddresses: true,
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'dask',
              image: inject('images')[which === 'prefect1' || which === 'tls' ? 'prefect1' : 'prefect3'],
              command: ['sh', '-c', commandOf(which)],
              env: [
                { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                { name: 'PYTHONPATH', value: '/dependencies' },
              ],
              volumeMounts: [{ name: 'dependencies', mountPath: '/dependencies' }, ...tls.volumeMounts],
            },
          ],
          volumes: [{ name: 'dependencies', configMap: { name } }, ...tls.volumes],
        },
      },
    ],
  });
}

/** A certificate that is its own authority: whoever has it may speak to the cluster. */
async function secret(name: string): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'flowrun-tls-'));
  try {
    const { cert, key } = await selfSigned(directory);
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name },
      stringData: { 'tls.crt': cert, 'tls.key': key },
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}
