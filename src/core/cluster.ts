import type { FlowRunSpec } from '../api/spec.ts';
import { CLUSTER_KWARGS, MEANINGLESS, REPLACED } from './cluster-kwargs.ts';
import { readKwargs } from './kwargs.ts';
import {
  type PodTemplate,
  gracePeriod,
  readTemplate,
  reservedKeys,
  variableProblems,
} from './pod-template.ts';
import { formatBytes, parseQuantity } from './quantities.ts';
import type { ResolveConfig, Warning } from './resolve.ts';
import type { ResolvedCluster, Resources } from './resolved.ts';
import { exceeding, readResources, withDefaults } from './resources.ts';

/** Workers leave when they have not found their scheduler for so long, and never before the start deadline. */
const DEATH_TIMEOUT_SECONDS = 60;

const FIELD = 'clusterKwargs';

type Values = ReturnType<typeof readKwargs<typeof CLUSTER_KWARGS>>['values'];

export interface ClusterContext {
  config: ResolveConfig;
  /** The image of the flow, which scheduler and workers use unless told otherwise. */
  image: string;
  startDeadlineSeconds: number;
  /** How long the cluster is kept after a failure. */
  keepSeconds: number;
}

export type ClusterResolution =
  | { cluster: ResolvedCluster; warnings: Warning[] }
  | { reason: 'InvalidClusterKwargs' | 'InvalidTemplate' | 'Unsupported'; problems: string[] };

/** The cluster that the operator makes, from the executor's keyword arguments. */
export function resolveCluster(
  executor: NonNullable<FlowRunSpec['executor']>,
  context: ClusterContext,
): ClusterResolution {
  const given = executor.clusterKwargs ?? {};
  const { values, problems } = readKwargs(FIELD, given, CLUSTER_KWARGS, [
    ...Object.keys(MEANINGLESS),
    ...Object.keys(REPLACED),
  ]);
  const workerResources = readContainer(values, problems);
  const schedulerResources = readResources(`${FIELD}.scheduler_resources`, values.scheduler_resources ?? {});
  problems.push(...schedulerResources.problems, ...conflicts(given, values), ...shadowing(values));
  if (problems.length > 0) return { reason: 'InvalidClusterKwargs', problems };
  const unsupported = notYet(values);
  if (unsupported.length > 0) return { reason: 'Unsupported', problems: unsupported };

  const templates = readTemplates(values);
  if (templates.problems.length > 0) return { reason: 'InvalidTemplate', problems: templates.problems };

  const { config } = context;
  const wanted = values.n_workers ?? 1;
  const image = values.image ?? context.image;
  return {
    warnings: [...ignored(given), ...bounded(wanted, config), ...pointless(values)],
    cluster: {
      workers: Math.min(wanted, config.workersPerRun),
      security: 'none',
      logLevel: executor.debug === true ? 'debug' : 'info',
      idleTimeoutSeconds: values.idle_timeout,
      keepSeconds: context.keepSeconds,
      labels: values.labels ?? {},
      annotations: values.annotations ?? {},
      env: values.env ?? [],
      scheduler: {
        image,
        resources: withDefaults(schedulerResources.resources, config.defaultResources.scheduler),
        templates: templates.scheduler,
      },
      worker: {
        image,
        command: values.worker_command,
        threads: values.threads_per_worker ?? values.nthreads ?? threads(workerResources),
        memoryLimitBytes: memoryLimit(values, workerResources),
        resources: withDefaults(workerResources, config.defaultResources.worker),
        daskResources: values.worker_resources ?? {},
        nanny: values.nanny ?? false,
        deathTimeoutSeconds: Math.ceil(
          Math.max(values.death_timeout ?? DEATH_TIMEOUT_SECONDS, context.startDeadlineSeconds),
        ),
        gracePeriodSeconds: gracePeriod(templates.worker, config.gracePeriodSeconds),
        templates: templates.worker,
      },
    },
  };
}

/** `resources`, with the four arguments of upstream's `make_pod_spec` put in. */
function readContainer(values: Values, problems: string[]): Resources {
  const read = readResources(`${FIELD}.resources`, values.resources ?? {});
  problems.push(...read.problems);
  const limit = values.memory_limit;
  const { resources } = put(read.resources, problems, [
    [
      'limits',
      'memory',
      'memory_limit',
      typeof limit === 'number' && limit > 0 ? formatBytes(limit) : undefined,
    ],
    [
      'requests',
      'memory',
      'memory_request',
      values.memory_request === undefined ? undefined : formatBytes(values.memory_request),
    ],
    ['limits', 'cpu', 'cpu_limit', values.cpu_limit],
    ['requests', 'cpu', 'cpu_request', values.cpu_request],
  ]);
  if (read.problems.length === 0) problems.push(...exceeding(FIELD, resources));
  return resources;
}

function put(
  resources: Resources,
  problems: string[],
  entries: [kind: 'limits' | 'requests', name: string, key: string, quantity: string | undefined][],
) {
  const result: Resources = { ...resources };
  for (const [kind, name, key, quantity] of entries) {
    if (quantity === undefined) continue;
    if (resources[kind]?.[name] !== undefined) {
      problems.push(
        `\`${FIELD}.${key}\` and \`${FIELD}.resources.${kind}.${name}\` say the same thing; write one of them.`,
      );
    }
    result[kind] = { ...result[kind], [name]: quantity };
  }
  return { resources: result };
}

function conflicts(given: Readonly<Record<string, unknown>>, values: Values): string[] {
  const { threads_per_worker: threads, nthreads } = values;
  return [
    ...Object.entries(REPLACED)
      .filter(([key]) => (given[key] ?? null) !== null)
      .map(([key, instead]) => `\`${FIELD}.${key}\` is not taken; ${instead}.`),
    ...(threads !== undefined && nthreads !== undefined && threads !== nthreads
      ? [`\`${FIELD}.threads_per_worker\` and \`${FIELD}.nthreads\` say the same thing; write one of them.`]
      : []),
    ...(values.worker_pod_template !== undefined && values.pod_template !== undefined
      ? [
          `\`${FIELD}.worker_pod_template\` and \`${FIELD}.pod_template\` are the same thing; write one of them.`,
        ]
      : []),
  ];
}

function shadowing(values: Values): string[] {
  return [
    ...variableProblems(`${FIELD}.env`, values.env, true),
    ...reservedKeys(`${FIELD}.labels`, values.labels),
    ...reservedKeys(`${FIELD}.annotations`, values.annotations),
  ];
}

function notYet(values: Values): string[] {
  const groups = values.worker_groups ?? [];
  return [
    ...(values.security === 'tls'
      ? [`\`${FIELD}.security: tls\` is not supported yet; write \`security: none\` or leave it out.`]
      : []),
    ...(Object.keys(groups).length > 0
      ? [
          `\`${FIELD}.worker_groups\` is not supported yet; leave it out and describe one kind of worker with \`resources\`, \`worker_resources\` and \`worker_pod_template\`.`,
        ]
      : []),
  ];
}

function ignored(given: Readonly<Record<string, unknown>>): Warning[] {
  return Object.entries(given)
    .filter(([key, value]) => Object.hasOwn(MEANINGLESS, key) && value !== null)
    .map(([key]) => ({
      reason: 'IgnoredClusterKwarg',
      message: `\`${FIELD}.${key}\` has no effect: ${MEANINGLESS[key]}.`,
    }));
}

function bounded(wanted: number, { workersPerRun }: ResolveConfig): Warning[] {
  return wanted <= workersPerRun
    ? []
    : [
        {
          reason: 'WorkersCapped',
          message: `\`${FIELD}.n_workers\` is ${wanted}, but the operator's configuration allows ${workersPerRun} workers per run (\`workersPerRun\`); the cluster gets ${workersPerRun}.`,
        },
      ];
}

function pointless(values: Values): Warning[] {
  return values.idle_timeout === undefined
    ? []
    : [
        {
          reason: 'IgnoredClusterKwarg',
          message: `\`${FIELD}.idle_timeout\` has no effect on a cluster of fixed size, which ends with its run.`,
        },
      ];
}

function threads({ limits }: Resources): number {
  const cores = limits?.['cpu'];
  return cores === undefined ? 1 : Math.max(1, Math.ceil(parseQuantity(cores) ?? 1));
}

function memoryLimit(values: Values, { limits }: Resources): number | null {
  if (typeof values.memory_limit === 'number') return values.memory_limit;
  const limit = limits?.['memory'];
  return limit === undefined ? null : Math.floor(parseQuantity(limit) ?? 0);
}

/** The templates of each role in the order they are laid over the operator's pod. */
function readTemplates(values: Values) {
  const { extra_pod_config: pod, extra_container_config: container } = values;
  const given = [
    { role: 'scheduler', key: 'scheduler_pod_template', template: values.scheduler_pod_template },
    { role: 'worker', key: 'extra_pod_config', template: pod && { spec: pod } },
    {
      role: 'worker',
      key: 'extra_container_config',
      template: container && { spec: { containers: [{ ...container, name: 'worker' }] } },
    },
    { role: 'worker', key: 'worker_pod_template', template: values.worker_pod_template },
    { role: 'worker', key: 'pod_template', template: values.pod_template },
  ] as const;
  const templates = { scheduler: [] as PodTemplate[], worker: [] as PodTemplate[], problems: [] as string[] };
  for (const { role, key, template } of given) {
    if (template === undefined) continue;
    const read = readTemplate(`${FIELD}.${key}`, template, role);
    if (read.template !== undefined) templates[role].push(read.template);
    templates.problems.push(...read.problems);
  }
  return templates;
}
