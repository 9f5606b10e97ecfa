import { GROUP_KWARGS, MEANINGLESS, REPLACED } from './cluster-kwargs.ts';
import { type Kwargs, readKwargs } from './kwargs.ts';
import { type PodTemplate, readTemplate, reservedKeys, variableProblems } from './pod-template.ts';
import { formatBytes } from './quantities.ts';
import type { Resources } from './resolved.ts';
import { exceeding, readResources } from './resources.ts';

export type GroupValues = Kwargs<typeof GROUP_KWARGS>['values'];

/** What one map of keyword arguments says about a kind of worker: the cluster's own, or those of a group. */
export interface WorkerLayer {
  values: GroupValues;
  /** Of the worker's container. */
  resources: Resources;
  /** In the order they are laid over the operator's pod. */
  templates: PodTemplate[];
}

export interface LayerProblems {
  kwargs: string[];
  template: string[];
}

/** Reads the keyword arguments of a worker group that stand at `field`. Problems are sentences. */
export function readGroup(field: string, given: Readonly<Record<string, unknown>>) {
  const { values, problems } = readKwargs(field, given, GROUP_KWARGS, [
    ...Object.keys(MEANINGLESS),
    ...Object.keys(REPLACED),
  ]);
  const layer = readLayer(field, given, values);
  return { ...layer, problems: { ...layer.problems, kwargs: [...problems, ...layer.problems.kwargs] } };
}

/** Judges `values` that were parsed from `given`, at `field`. */
export function readLayer(
  field: string,
  given: Readonly<Record<string, unknown>>,
  values: GroupValues,
): { layer: WorkerLayer; problems: LayerProblems } {
  const kwargs: string[] = [];
  const resources = readContainer(field, values, kwargs);
  kwargs.push(...conflicts(field, given, values), ...shadowing(field, values));
  const templates = readTemplates(field, values);
  return {
    layer: { values, resources, templates: templates.templates },
    problems: { kwargs, template: templates.problems },
  };
}

/** `resources`, with the four arguments of upstream's `make_pod_spec` put in. */
function readContainer(field: string, values: GroupValues, problems: string[]): Resources {
  const read = readResources(`${field}.resources`, values.resources ?? {});
  problems.push(...read.problems);
  const limit = values.memory_limit;
  const request = values.memory_request;
  const memory = typeof limit === 'number' && limit > 0 ? formatBytes(limit) : undefined;
  const entries = [
    ['limits', 'memory', 'memory_limit', memory],
    ['requests', 'memory', 'memory_request', request === undefined ? undefined : formatBytes(request)],
    ['limits', 'cpu', 'cpu_limit', values.cpu_limit],
    ['requests', 'cpu', 'cpu_request', values.cpu_request],
  ] as const;
  const resources: Resources = { ...read.resources };
  for (const [kind, name, key, quantity] of entries) {
    if (quantity === undefined) continue;
    if (read.resources[kind]?.[name] !== undefined) {
      problems.push(
        `\`${field}.${key}\` and \`${field}.resources.${kind}.${name}\` say the same thing; write one of them.`,
      );
    }
    resources[kind] = { ...resources[kind], [name]: quantity };
  }
  if (read.problems.length === 0) problems.push(...exceeding(field, resources));
  return resources;
}

function conflicts(field: string, given: Readonly<Record<string, unknown>>, values: GroupValues): string[] {
  const { threads_per_worker: threads, nthreads } = values;
  return [
    ...Object.entries(REPLACED)
      .filter(([key]) => (given[key] ?? null) !== null)
      .map(([key, instead]) => `\`${field}.${key}\` is not taken; ${instead}.`),
    ...(threads !== undefined && nthreads !== undefined && threads !== nthreads
      ? [`\`${field}.threads_per_worker\` and \`${field}.nthreads\` say the same thing; write one of them.`]
      : []),
    ...(values.worker_pod_template !== undefined && values.pod_template !== undefined
      ? [
          `\`${field}.worker_pod_template\` and \`${field}.pod_template\` are the same thing; write one of them.`,
        ]
      : []),
  ];
}

function shadowing(field: string, values: GroupValues): string[] {
  return [
    ...variableProblems(`${field}.env`, values.env, true),
    ...reservedKeys(`${field}.labels`, values.labels),
    ...reservedKeys(`${field}.annotations`, values.annotations),
  ];
}

function readTemplates(field: string, values: GroupValues) {
  const { extra_pod_config: pod, extra_container_config: container } = values;
  const given = {
    extra_pod_config: pod && { spec: pod },
    extra_container_config: container && { spec: { containers: [{ ...container, name: 'worker' }] } },
    worker_pod_template: values.worker_pod_template,
    pod_template: values.pod_template,
  };
  const templates: PodTemplate[] = [];
  const problems: string[] = [];
  for (const [key, template] of Object.entries(given)) {
    if (template === undefined) continue;
    const read = readTemplate(`${field}.${key}`, template, 'worker');
    if (read.template !== undefined) templates.push(read.template);
    problems.push(...read.problems);
  }
  return { templates, problems };
}
