import { gracePeriod } from './pod-template.ts';
import { parseQuantity } from './quantities.ts';
import type { ResolvedGroup, Resources } from './resolved.ts';
import type { ResolveConfig } from './resolve.ts';
import { withDefaults } from './resources.ts';
import type { GroupValues, WorkerLayer } from './worker-layer.ts';

/** Workers leave when they have not found their scheduler for so long, and never before the start deadline. */
const DEATH_TIMEOUT_SECONDS = 60;

export interface GroupContext {
  config: ResolveConfig;
  /** The image of the flow, which workers use unless told otherwise. */
  image: string;
  startDeadlineSeconds: number;
}

/** What the workers of a group have in common; how many there are is decided for all groups together. */
export type WorkerKind = Omit<ResolvedGroup, 'workers' | 'minimum' | 'maximum'>;

/**
 * A kind of worker from the cluster's keyword arguments with the group's own laid over: of maps (variables, labels,
 * requests, limits) entry by entry, of templates one over the other, of anything else the last that says it.
 */
export function workerKind(name: string, layers: readonly WorkerLayer[], context: GroupContext): WorkerKind {
  const { config } = context;
  const last = <K extends keyof GroupValues>(key: K): GroupValues[K] | undefined =>
    layers.findLast(({ values }) => values[key] !== undefined)?.values[key];
  const resources = mergeResources(layers);
  const templates = layers.flatMap((layer) => layer.templates);
  return {
    name,
    image: last('image') ?? context.image,
    command: last('worker_command'),
    threads: threads(layers, resources),
    memoryLimitBytes: memoryLimit(layers, resources),
    resources: withDefaults(resources, config.defaultResources.worker),
    daskResources: last('worker_resources') ?? {},
    nanny: last('nanny') ?? false,
    deathTimeoutSeconds: Math.ceil(
      Math.max(last('death_timeout') ?? DEATH_TIMEOUT_SECONDS, context.startDeadlineSeconds),
    ),
    gracePeriodSeconds: gracePeriod(templates, config.gracePeriodSeconds),
    templates,
    labels: Object.assign({}, ...layers.map(({ values }) => values.labels)),
    annotations: Object.assign({}, ...layers.map(({ values }) => values.annotations)),
    env: [
      ...new Map(
        layers.flatMap(({ values }) => values.env ?? []).map((variable) => [variable.name, variable]),
      ).values(),
    ],
  };
}

/** Requests and limits of all layers, the later ones' first. */
export function mergeResources(layers: readonly WorkerLayer[]): Resources {
  const merged: Resources = {};
  for (const { resources } of layers) {
    if (resources.requests !== undefined) merged.requests = { ...merged.requests, ...resources.requests };
    if (resources.limits !== undefined) merged.limits = { ...merged.limits, ...resources.limits };
  }
  return merged;
}

function threads(layers: readonly WorkerLayer[], { limits }: Resources): number {
  const said = layers.findLast(
    ({ values, resources }) =>
      (values.threads_per_worker ?? values.nthreads ?? resources.limits?.['cpu']) !== undefined,
  )?.values;
  const cores = limits?.['cpu'];
  return (
    said?.threads_per_worker ??
    said?.nthreads ??
    (cores === undefined ? 1 : Math.max(1, Math.ceil(parseQuantity(cores) ?? 1)))
  );
}

function memoryLimit(layers: readonly WorkerLayer[], { limits }: Resources): number | null {
  const said = layers.findLast(
    ({ values, resources }) => (values.memory_limit ?? resources.limits?.['memory']) !== undefined,
  )?.values.memory_limit;
  if (typeof said === 'number') return said;
  const limit = limits?.['memory'];
  return limit === undefined ? null : Math.floor(parseQuantity(limit) ?? 0);
}
