import type { PodTemplate } from '../core/pod-template.ts';
import type { PodManifest } from './object.ts';

type Json = Record<string, unknown>;

/** Lists whose items are told apart by a key, as in Kubernetes' own strategic merge. */
const KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  imagePullSecrets: 'name',
};

/** Lists that grow: what the template tolerates comes on top of what the run tolerates. */
const APPENDED: ReadonlySet<string> = new Set(['tolerations', 'envFrom']);

/** What the operator relies on: a null leaves it as it is. */
const KEPT: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  'automountServiceAccountToken',
  'command',
  'containers',
  'enableServiceLinks',
  'env',
  'restartPolicy',
  'shareProcessNamespace',
  'terminationMessagePolicy',
  'volumeMounts',
  'volumes',
]);

/** A volume has one source: another one replaces it. */
const REPLACED: ReadonlySet<string> = new Set(['volumes', 'env', 'volumeMounts']);

/**
 * Lays PodTemplateSpecs over a pod, one after the other: maps are merged, named lists by name, other lists replaced;
 * null takes a default away, but nothing that the operator relies on. Neither argument is changed.
 */
export function overlay(pod: PodManifest, templates: readonly PodTemplate[]): PodManifest {
  return templates.reduce<PodManifest>(
    (under, { metadata, spec }) => ({
      ...under,
      metadata: {
        ...under.metadata,
        labels: { ...under.metadata.labels, ...metadata?.labels },
        annotations: { ...under.metadata.annotations, ...metadata?.annotations },
      },
      spec: merge(under.spec, spec ?? {}),
    }),
    pod,
  );
}

function merge(under: Json, over: Json): Json {
  const result: Json = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) {
      if (!KEPT.has(key)) delete result[key];
    } else result[key] = mergeValue(key, under[key], value);
  }
  return result;
}

function mergeValue(key: string, under: unknown, over: unknown): unknown {
  if (Array.isArray(over)) {
    const by = KEYS[key];
    if (by !== undefined) return mergeList(maps(under), maps(over), by, REPLACED.has(key));
    return APPENDED.has(key) ? [...maps(under), ...maps(over)] : over;
  }
  return isMap(over) ? merge(isMap(under) ? under : {}, over) : over;
}

function mergeList(under: readonly Json[], over: readonly Json[], by: string, replace: boolean): Json[] {
  const rest = new Map(over.map((item) => [item[by], item]));
  const kept = under.map((item) => {
    const other = rest.get(item[by]);
    rest.delete(item[by]);
    if (other === undefined) return item;
    return replace ? other : merge(item, other);
  });
  return [...kept, ...[...rest.values()].map((item) => merge({}, item))];
}

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const maps = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isMap) : []);
