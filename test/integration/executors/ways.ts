import { TLS_VOLUME } from './existing.ts';
import type { Kind } from './world.ts';

/** One way to run tasks, and what the flow of `facts` sees when it does. */
export interface Way {
  name: string;
  executor: object;
  /** More of `spec.flow`. */
  flow?: object;
  /** Kinds of flows it is run with; absent: all. */
  kinds?: readonly Kind[];
  /** Where tasks run: in the flow's process, in other processes of its pod, or in pods of Dask workers. */
  where: 'process' | 'pod' | 'workers' | 'existing';
  /** Two tasks run at the same time. */
  parallel: boolean;
  /** Tasks are Dask's, with keys of their own. */
  keyed?: boolean;
  /** Said in the log of the flow pod, beside what tasks print. */
  says?: Partial<Record<Kind, readonly RegExp[]>>;
}

export const WAYS: readonly Way[] = [
  {
    name: 'LocalExecutor',
    executor: { type: 'LocalExecutor' },
    where: 'process',
    parallel: false,
  },
  {
    name: 'LocalDaskExecutor with threads',
    executor: { type: 'LocalDaskExecutor', scheduler: 'Threading', kwargs: { num_workers: 2 } },
    where: 'process',
    parallel: true,
  },
  {
    name: 'LocalDaskExecutor with processes',
    executor: { type: 'LocalDaskExecutor', scheduler: 'multiprocessing', kwargs: { num_workers: 2 } },
    where: 'pod',
    parallel: true,
  },
  {
    name: 'LocalDaskExecutor, synchronous',
    executor: { type: 'LocalDaskExecutor', scheduler: 'single-threaded' },
    kinds: ['prefect1'],
    where: 'process',
    parallel: false,
  },
  {
    name: 'DaskExecutor',
    executor: {
      type: 'DaskExecutor',
      clusterKwargs: { n_workers: 2, threads_per_worker: 1 },
    },
    where: 'workers',
    parallel: true,
    keyed: true,
  },
  {
    // It begins with one worker of one thread: two tasks meet only once it has grown.
    name: 'DaskExecutor that adapts',
    executor: {
      type: 'DaskExecutor',
      clusterKwargs: { threads_per_worker: 1 },
      adaptKwargs: { minimum: 1, maximum: 2, interval: '500ms' },
    },
    kinds: ['prefect1', 'plain'],
    where: 'workers',
    parallel: true,
    keyed: true,
  },
  {
    name: 'DaskExecutor of LocalCluster',
    executor: {
      type: 'DaskExecutor',
      clusterClass: 'distributed.LocalCluster',
      clusterKwargs: { n_workers: 2, threads_per_worker: 1, dashboard_address: null },
    },
    where: 'pod',
    parallel: true,
    keyed: true,
    says: { prefect1: [/Creating a new Dask cluster with `distributed\.deploy\.local\.LocalCluster`/] },
  },
  {
    name: 'DaskExecutor of a class of the run',
    executor: {
      type: 'DaskExecutor',
      clusterClass: 'clusters.Recorder',
      clusterKwargs: { memory_limit: '1 GiB' },
      adaptKwargs: { minimum: 1, maximum: 2 },
    },
    where: 'pod',
    parallel: true,
    keyed: true,
    says: {
      prefect1: [
        /cluster made with \[\('memory_limit', '1 GiB'\)\]/,
        /adapt called with \[\('maximum', 2\), \('minimum', 1\)\]/,
      ],
      prefect3: [/\('memory_limit', '1 GiB'\)/, /adapt called with \[\('maximum', 2\), \('minimum', 1\)\]/],
      plain: [
        /cluster made with \[\('memory_limit', '1 GiB'\)\]/,
        /adapt called with \[\('maximum', 2\), \('minimum', 1\)\]/,
      ],
    },
  },
  {
    name: 'DaskExecutor at an address',
    executor: { type: 'DaskExecutor', address: 'tcp://existing-KIND:8786', clientKwargs: { timeout: '60s' } },
    where: 'existing',
    parallel: true,
    keyed: true,
    says: { prefect1: [/Connecting to an existing Dask cluster at tcp:\/\/existing-prefect1/] },
  },
  {
    name: 'DaskExecutor at an IP address',
    executor: { type: 'DaskExecutor', address: 'CLUSTER_IP:8786' },
    kinds: ['prefect1'],
    where: 'existing',
    parallel: true,
    keyed: true,
  },
  {
    name: 'DaskExecutor at a WebSocket',
    executor: { type: 'DaskExecutor', address: 'ws://existing-KIND:8788' },
    kinds: ['plain'],
    where: 'existing',
    parallel: true,
    keyed: true,
  },
  {
    name: 'DaskExecutor at an address with TLS',
    executor: {
      type: 'DaskExecutor',
      address: 'tls://existing-tls:8786',
      clientKwargs: {
        security: {
          tls_ca_file: '/tls/tls.crt',
          tls_client_cert: '/tls/tls.crt',
          tls_client_key: '/tls/tls.key',
          require_encryption: true,
        },
      },
    },
    flow: TLS_VOLUME,
    kinds: ['prefect1'],
    where: 'existing',
    parallel: true,
    keyed: true,
  },
];
