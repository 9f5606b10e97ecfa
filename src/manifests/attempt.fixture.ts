import { dask, resolveWith, run } from '../core/resolve.fixture.ts';
import type { Resolved } from '../core/resolved.ts';
import { type AttemptFiles, filesConfigMap } from './files-config-map.ts';
import { flowPod } from './flow-pod.ts';
import { networkPolicy } from './network-policy.ts';
import type { Manifest } from './object.ts';
import { schedulerPod } from './scheduler-pod.ts';
import { schedulerService } from './scheduler-service.ts';
import { tlsSecret } from './tls.ts';
import { workerPod } from './worker-pod.ts';

export { dask, run };

export function resolvedOf(executor?: unknown, flow: object = {}): Resolved {
  const resolution = resolveWith(executor, flow);
  if (!resolution.ok) throw new Error(resolution.message);
  return resolution.resolved;
}

export const PROGRAMS = {
  'launcher.py': '# launcher\n',
  'scheduler.py': '# starter\n',
  'scheduler_preload.py': '# scheduler preload\n',
  'worker_preload.py': '# worker preload\n',
};

const CREDENTIALS = { ca: 'the CA', cert: 'the certificate', key: 'the key' };
const OPERATOR = { namespace: 'flowrun-system', labels: { 'app.kubernetes.io/name': 'flowrun-operator' } };
const FILES = { name: 'etl-0a1b2c3d-1-files', uid: '5e6f7a8b-1111-4222-8333-444455556666' };

/** Every object of a first attempt, in the order they are created. */
export function everything(resolved: Resolved, files: Partial<AttemptFiles> = {}): Manifest[] {
  return [
    filesConfigMap(run, 1, resolved, { programs: PROGRAMS, parametersJson: '{}', ...files }),
    ...(resolved.cluster === undefined
      ? []
      : [
          ...(resolved.cluster.security === 'tls' ? [tlsSecret(run, 1, CREDENTIALS, FILES)] : []),
          networkPolicy(run, 1, OPERATOR, FILES),
          schedulerService(run, 1, resolved),
          schedulerPod(run, 1, resolved),
          workerPod(run, 1, resolved, { ordinal: 0, group: 'default' }),
        ]),
    flowPod(run, 1, resolved, 3600),
  ];
}

const toleration = { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' };

/** A spec that uses nearly every field there is. */
export const FULL_FLOW = {
  entrypoint: 'flow.py:main',
  source: { inline: { 'flow.py': 'def main(): pass\n', 'lib/helpers.py': '' } },
  env: [
    { name: 'MODE', value: 'test' },
    { name: 'OMP_NUM_THREADS', value: '2' },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'api', key: 'token' } } },
  ],
  envFrom: [{ configMapRef: { name: 'settings', optional: true } }],
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
  volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }],
  labels: { team: 'blue' },
  annotations: { 'example.com/cost': 'low' },
  serviceAccountName: 'etl',
  imagePullSecrets: [{ name: 'registry' }],
  imagePullPolicy: 'IfNotPresent',
  nodeSelector: { pool: 'batch' },
  tolerations: [toleration],
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  securityContext: { runAsUser: 1000, fsGroup: 1000 },
  terminationGracePeriodSeconds: 60,
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
  template: {
    metadata: { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' } },
    spec: {
      terminationGracePeriodSeconds: 90,
      tolerations: [{ key: 'spot', operator: 'Exists' }],
      containers: [
        { name: 'flow', workingDir: '/data', securityContext: { readOnlyRootFilesystem: true } },
        { name: 'proxy', image: 'proxy:1', ports: [{ containerPort: 5432 }] },
      ],
    },
  },
};

export const FULL_EXECUTOR = dask(
  {
    n_workers: 4,
    image: 'workers:2',
    env: { MODE: 'worker' },
    labels: { part: 'dask' },
    annotations: { 'example.com/cost': 'high' },
    threads_per_worker: 2,
    memory_limit: '4 GiB',
    cpu_limit: 2,
    worker_resources: { GPU: 1, MEM: 2.5 },
    scheduler_resources: { limits: { memory: '1Gi' } },
    nanny: true,
    extra_pod_config: { hostname: 'worker' },
    extra_container_config: { workingDir: '/tmp' },
    worker_pod_template: {
      spec: { containers: [{ name: 'worker', resources: { limits: { 'nvidia.com/gpu': 1 } } }] },
    },
    scheduler_pod_template: { spec: { terminationGracePeriodSeconds: 10, nodeSelector: null } },
  },
  { debug: true },
);
