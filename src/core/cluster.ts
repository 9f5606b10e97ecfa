import type { FlowRunSpec } from '../api/spec.ts';
import { resolveAdapt } from './adapt-kwargs.ts';
import { CLUSTER_KWARGS, MEANINGLESS, REPLACED } from './cluster-kwargs.ts';
import { groupSizes, sizeProblems } from './group-sizes.ts';
import { readKwargs } from './kwargs.ts';
import { readTemplate } from './pod-template.ts';
import type { Warning } from './reasons/conditions.ts';
import type { Refusal } from './reasons/refusals.ts';
import type { ResolveConfig } from './resolve.ts';
import type { ResolvedAdapt, ResolvedCluster } from './resolved.ts';
import { exceeding, readResources, withDefaults } from './resources.ts';
import { mergeResources, workerKind } from './worker-group.ts';
import { DEFAULT_GROUP, type GroupLayer, readGroups } from './worker-groups.ts';
import { readLayer } from './worker-layer.ts';

const FIELD = 'clusterKwargs';
const GROUPS = `${FIELD}.worker_groups`;

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
  | {
      reason: Refusal;
      problems: string[];
    };

/** The cluster that the operator makes, from the executor's keyword arguments. */
export function resolveCluster(
  executor: NonNullable<FlowRunSpec['executor']>,
  context: ClusterContext,
): ClusterResolution {
  const { config } = context;
  const given = executor.clusterKwargs ?? {};
  const { values, problems } = readKwargs(FIELD, given, CLUSTER_KWARGS, [
    ...Object.keys(MEANINGLESS),
    ...Object.keys(REPLACED),
  ]);
  const own = readLayer(FIELD, given, values);
  const named = readGroups(GROUPS, values.worker_groups ?? {});
  const schedulerResources = readResources(`${FIELD}.scheduler_resources`, values.scheduler_resources ?? {});
  problems.push(...schedulerResources.problems, ...own.problems.kwargs, ...named.problems.kwargs);
  if (problems.length > 0) return { reason: 'InvalidClusterKwargs', problems };
  const scheduler =
    values.scheduler_pod_template === undefined
      ? undefined
      : readTemplate(`${FIELD}.scheduler_pod_template`, values.scheduler_pod_template, 'scheduler');
  const templates = [...(scheduler?.problems ?? []), ...own.problems.template, ...named.problems.template];
  if (templates.length > 0) return { reason: 'InvalidTemplate', problems: templates };

  const adapting = resolveAdapt(executor.adaptKwargs ?? {}, config.workersPerRun);
  if (adapting.problems.length > 0) return { reason: 'InvalidAdaptKwargs', problems: adapting.problems };
  const { adapt } = adapting;
  const groups = withDefault(named.groups, values);
  const layers = groups.map(({ layer }) => (layer === undefined ? [own.layer] : [own.layer, layer]));
  const unfit = [
    ...groups.flatMap(({ name }, index) =>
      exceeding(`${GROUPS}.${name}`, mergeResources(layers[index] ?? [])),
    ),
    ...sizeProblems(GROUPS, groups, adapt),
  ];
  if (unfit.length > 0) return { reason: 'InvalidClusterKwargs', problems: unfit };

  if (values.security === 'tls' && config.security === 'none')
    return {
      reason: 'Unsupported',
      problems: [
        `\`${FIELD}.security: tls\` is not to be had here: the operator was started with \`--security none\`. Leave it out, or ask who runs the operator.`,
      ],
    };

  const sizes = groupSizes(groups, adapt, config.workersPerRun);
  return {
    warnings: [
      ...ignored(given),
      ...(adapt === undefined ? bounded(groups, config) : []),
      ...pointless(values, groups, adapt),
      ...adapting.warnings,
    ],
    cluster: {
      security: values.security ?? config.security,
      logLevel: executor.debug === true ? 'debug' : 'info',
      idleTimeoutSeconds: values.idle_timeout,
      keepSeconds: context.keepSeconds,
      adapt,
      labels: values.labels ?? {},
      annotations: values.annotations ?? {},
      env: values.env ?? [],
      scheduler: {
        image: values.image ?? context.image,
        resources: withDefaults(schedulerResources.resources, config.defaultResources.scheduler),
        templates: scheduler?.template === undefined ? [] : [scheduler.template],
      },
      groups: sizes.map((size, index) => ({
        ...workerKind(groups[index]?.name ?? DEFAULT_GROUP, layers[index] ?? [], context),
        ...size,
      })),
    },
  };
}

type Group = Omit<GroupLayer, 'layer'> & { layer?: GroupLayer['layer'] };

/** All groups, the default one first; what it does not say for itself is what the cluster's keywords say. */
function withDefault(named: readonly GroupLayer[], { n_workers: workers }: Values): Group[] {
  const own = named.find(({ name }) => name === DEFAULT_GROUP);
  const first: Group =
    own === undefined
      ? { name: DEFAULT_GROUP, workers, minimum: undefined, maximum: undefined }
      : { ...own, workers: own.workers ?? workers };
  return [first, ...named.filter((group) => group !== own)];
}

function ignored(given: Readonly<Record<string, unknown>>): Warning[] {
  return Object.entries(given)
    .filter(([key, value]) => Object.hasOwn(MEANINGLESS, key) && value !== null)
    .map(([key]) => ({
      reason: 'IgnoredClusterKwarg',
      message: `\`${FIELD}.${key}\` has no effect: ${MEANINGLESS[key]}.`,
    }));
}

function bounded(groups: readonly Group[], { workersPerRun }: ResolveConfig): Warning[] {
  const wanted = groups.reduce((sum, { workers = 1 }) => sum + workers, 0);
  const said =
    groups.length === 1 ? `\`${FIELD}.n_workers\` is` : 'The `n_workers` of all groups together are';
  return wanted <= workersPerRun
    ? []
    : [
        {
          reason: 'WorkersCapped',
          message: `${said} ${wanted}, but the operator's configuration allows ${workersPerRun} workers per run (\`workersPerRun\`); the cluster gets ${workersPerRun}.`,
        },
      ];
}

function pointless(values: Values, groups: readonly Group[], adapt: ResolvedAdapt | undefined): Warning[] {
  if (adapt !== undefined) return [];
  const messages = [
    ...(values.idle_timeout === undefined
      ? []
      : [`\`${FIELD}.idle_timeout\` has no effect on a cluster of fixed size, which ends with its run.`]),
    ...groups
      .filter(({ minimum, maximum }) => (minimum ?? maximum) !== undefined)
      .map(
        ({ name }) =>
          `\`minimum\` and \`maximum\` of \`${GROUPS}.${name}\` have no effect on a cluster of fixed size; write \`adaptKwargs\` to have it scaled.`,
      ),
  ];
  return messages.map((message) => ({ reason: 'IgnoredClusterKwarg', message }));
}
