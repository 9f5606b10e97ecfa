import { z } from 'zod';

import { withRules } from './rule.ts';
import { freeForm, int32, intOrString, nonEmpty } from './schema.ts';

const SCHEDULERS = [
  'threads',
  'threading',
  'processes',
  'multiprocessing',
  'sync',
  'synchronous',
  'single-threaded',
];

const adaptKwargs = withRules(
  z.looseObject({
    minimum: int32().describe('Fewest workers.').optional(),
    maximum: int32().describe("Most workers. Default: the operator's `workersPerRun`.").optional(),
    interval: intOrString()
      .describe('Time between two looks at the load: seconds, or a string such as `"500ms"`.')
      .optional(),
    wait_count: int32(1)
      .describe('How many looks in a row must agree before a worker is given up.')
      .optional(),
    target_duration: intOrString()
      .describe(
        'How long the present work should take; more workers are asked for when it would take longer.',
      )
      .optional(),
    minimum_cores: z.number().min(0).describe('Fewest worker threads.').optional(),
    maximum_cores: z.number().min(0).describe('Most worker threads.').optional(),
    minimum_memory: intOrString()
      .describe('Least memory of all workers: bytes, or a string such as `"8 GiB"`.')
      .optional(),
    maximum_memory: intOrString().describe('Most memory of all workers.').optional(),
    dry_run: z
      .boolean()
      .describe(
        'Tell in `status.scaling` and in events what scaling would do, and leave the cluster as it is. Not known upstream.',
      )
      .optional(),
  }),
  [
    {
      rule: '!has(self.minimum) || !has(self.maximum) || self.minimum <= self.maximum',
      message: '`minimum` must not be greater than `maximum`',
      check: ({ minimum, maximum }) => minimum === undefined || maximum === undefined || minimum <= maximum,
    },
  ],
);

/** How the tasks of the flow run, in the words of Prefect's executors. */
export const executor = withRules(
  z.strictObject({
    type: z
      .enum(['LocalExecutor', 'LocalDaskExecutor', 'DaskExecutor'])
      .describe(
        'LocalExecutor: one task after the other in the flow pod. LocalDaskExecutor: threads or processes of the flow pod. DaskExecutor: a Dask cluster, by default an ephemeral one made for this run.',
      ),
    scheduler: nonEmpty(32)
      .describe('LocalDaskExecutor: `threads` (the default), `processes` or `synchronous`.')
      .optional(),
    kwargs: freeForm()
      .describe('LocalDaskExecutor: `num_workers`, or any other key of the Dask configuration.')
      .optional(),
    address: nonEmpty(2048)
      .describe(
        'DaskExecutor: the address of an existing scheduler (`tcp://host:8786`). No cluster is made then.',
      )
      .optional(),
    clusterClass: nonEmpty(512)
      .describe(
        'DaskExecutor: `KubeCluster` (the default) is a cluster made by the operator. A dotted path to any Dask cluster class, or to a callable that returns a cluster, is called in the flow pod.',
      )
      .optional(),
    clusterKwargs: freeForm()
      .describe(
        'DaskExecutor: keyword arguments of the cluster class, in Python spelling. For KubeCluster: `n_workers`, `image`, `env`, `resources`, `worker_resources`, `threads_per_worker`, `memory_limit`, …',
      )
      .optional(),
    adaptKwargs: adaptKwargs
      .describe(
        'DaskExecutor: keyword arguments of `cluster.adapt()`. Absent or empty: a cluster of fixed size.',
      )
      .optional(),
    clientKwargs: freeForm()
      .describe("DaskExecutor: keyword arguments of the flow's `distributed.Client`, such as `timeout`.")
      .optional(),
    debug: z
      .boolean()
      .describe('DaskExecutor: show the logs of the cluster, and let scheduler and workers log in detail.')
      .optional(),
  }),
  [
    {
      rule: '!has(self.address) || !(has(self.clusterClass) || has(dyn(self).clusterKwargs))',
      message: 'Cannot specify `address` and `cluster_class`/`cluster_kwargs`',
      check: (value) =>
        value.address === undefined ||
        (value.clusterClass === undefined && value.clusterKwargs === undefined),
    },
    {
      rule: "self.type == 'DaskExecutor' || !(has(self.address) || has(self.clusterClass) || has(dyn(self).clusterKwargs) || has(self.adaptKwargs) || has(dyn(self).clientKwargs) || has(self.debug))",
      message:
        '`address`, `clusterClass`, `clusterKwargs`, `adaptKwargs`, `clientKwargs` and `debug` belong to `type: DaskExecutor`',
      check: (value) =>
        value.type === 'DaskExecutor' ||
        [
          value.address,
          value.clusterClass,
          value.clusterKwargs,
          value.adaptKwargs,
          value.clientKwargs,
          value.debug,
        ].every((field) => field === undefined),
    },
    {
      rule: "self.type == 'LocalDaskExecutor' || !(has(self.scheduler) || has(dyn(self).kwargs))",
      message: '`scheduler` and `kwargs` belong to `type: LocalDaskExecutor`',
      check: (value) =>
        value.type === 'LocalDaskExecutor' || (value.scheduler === undefined && value.kwargs === undefined),
    },
    {
      rule: `!has(self.scheduler) || self.scheduler.lowerAscii() in [${SCHEDULERS.map((name) => `'${name}'`).join(', ')}]`,
      message: `\`scheduler\` must be one of ${SCHEDULERS.join(', ')}`,
      check: (value) => value.scheduler === undefined || SCHEDULERS.includes(value.scheduler.toLowerCase()),
    },
  ],
);
