import { z } from 'zod';

import { podSettings } from '../api/pod-settings.ts';
import { count, cpus, duration, flag, parsed, size, word } from './kwargs.ts';

type Env = NonNullable<z.infer<typeof podSettings.env>>;

const textMap = () =>
  z.record(z.string(), z.string()).describe('a map from strings to strings (quote numbers and booleans)');

/** Python's dict of variables, or a list as in a Pod. Whole numbers are unambiguous, booleans are not. */
const env = parsed<Env>((value) => {
  if (Array.isArray(value)) return podSettings.env.safeParse(value).data;
  const map = z.record(z.string().min(1), z.union([z.string(), z.int()])).safeParse(value);
  return map.success
    ? Object.entries(map.data).map(([name, text]) => ({ name, value: String(text) }))
    : undefined;
}, 'a map from names to strings (quote numbers and booleans), or a list of `name` and `value`').meta({
  secret: true,
});

/** Their names and numbers go into one argument, `GPU=1,MEM=2`. */
const daskResources = parsed((value) => {
  const map = z.record(z.string().regex(/^[^\s,=]+$/), z.number().min(0)).safeParse(value);
  return map.success ? map.data : undefined;
}, 'a map from names to numbers, such as {"GPU": 1}');

const command = parsed((value) => {
  const words = typeof value === 'string' ? value.split(/\s+/).filter((part) => part !== '') : value;
  const read = z.array(z.string()).min(1).safeParse(words);
  return read.success ? read.data : undefined;
}, 'a command such as "dask-cuda-worker", or a list of its words');

/** Upstream it is a Security object or a boolean as well. */
const security = parsed((value) => {
  if (value === 'tls' || value === true) return 'tls' as const;
  return value === 'none' || value === false ? ('none' as const) : undefined;
}, '"tls" or "none"');

const template = () =>
  z
    .record(z.string(), z.unknown())
    .describe('a PodTemplateSpec, written out as a map of `metadata` and `spec`');

const fields = (example: string) =>
  z.record(z.string(), z.unknown()).describe(`a map of Kubernetes fields such as ${example}`);

/** A parser per keyword of an operator-made cluster; `resources` of both kinds are read apart. */
export const CLUSTER_KWARGS = {
  n_workers: count(0),
  image: word(),
  labels: textMap(),
  annotations: textMap(),
  env,
  threads_per_worker: count(1),
  nthreads: count(1),
  memory_limit: parsed(
    (value) => (value === 'auto' ? 'auto' : size().safeParse(value).data),
    'a size such as "4 GiB", a number of bytes, or "auto"',
  ),
  memory_request: size(),
  cpu_limit: cpus(),
  cpu_request: cpus(),
  resources: z.unknown(),
  scheduler_resources: z.unknown(),
  worker_resources: daskResources,
  worker_command: command,
  worker_groups: z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .describe('a map from names to keyword arguments, or a list of them with a `name` in each'),
  idle_timeout: duration(),
  death_timeout: duration(),
  nanny: flag(),
  allow_version_mismatch: flag(),
  security,
  scheduler_pod_template: template(),
  worker_pod_template: template(),
  pod_template: template(),
  extra_container_config: fields('{"imagePullPolicy": "Always"}'),
  extra_pod_config: fields('{"tolerations": [...]}'),
} as const;

/** Keywords that concern the whole cluster and that no worker group has. */
export const CLUSTER_WIDE = [
  'scheduler_resources',
  'worker_groups',
  'idle_timeout',
  'security',
  'scheduler_pod_template',
] as const satisfies readonly (keyof typeof CLUSTER_KWARGS)[];

const {
  scheduler_resources: _resources,
  worker_groups: _groups,
  idle_timeout: _timeout,
  security: _security,
  scheduler_pod_template: _template,
  ...WORKER_KWARGS
} = CLUSTER_KWARGS;

/** A parser per keyword of one worker group. */
export const GROUP_KWARGS = { ...WORKER_KWARGS, minimum: count(0), maximum: count(0) } as const;

const OWN_NAME = 'the operator names every object after the FlowRun';
const OWN_LIFE = 'the cluster lives exactly as long as its run';
const IN_CLUSTER = 'flow and workers reach the scheduler inside the cluster, at ports the operator chooses';
const OWN_CLIENT = 'the operator talks to Kubernetes with its own credentials';
const NO_CLIENT = 'no Python object of the cluster exists; the operator makes it';

/** Keywords that KubeCluster knows upstream and that mean nothing here, with the reason. */
export const MEANINGLESS: Readonly<Record<string, string>> = {
  name: OWN_NAME,
  namespace: 'the cluster is made in the namespace of the FlowRun',
  create_mode: 'every run gets a cluster of its own',
  deploy_mode: 'the scheduler always runs in a pod of its own',
  shutdown_on_close: OWN_LIFE,
  apply_default_affinity: 'the operator sets no affinity; write `flow.affinity`',
  port_forward_cluster_ip: IN_CLUSTER,
  scheduler_forward_port: IN_CLUSTER,
  scheduler_service_type: IN_CLUSTER,
  host: IN_CLUSTER,
  port: IN_CLUSTER,
  interface: IN_CLUSTER,
  protocol: IN_CLUSTER,
  dashboard_address: 'the dashboard listens on the scheduler pod alone; reach it with `kubectl port-forward`',
  scheduler_service_wait_timeout: 'write `spec.startDeadlineSeconds`',
  resource_timeout: 'write `spec.startDeadlineSeconds`',
  auth: OWN_CLIENT,
  asynchronous: NO_CLIENT,
  loop: NO_CLIENT,
  quiet: NO_CLIENT,
  silence_logs: 'write `executor.debug`',
  jupyter: 'no notebook runs on the scheduler of a run',
};

/** Keywords that KubeCluster knows upstream and that would be lost silently: what to write instead. */
export const REPLACED: Readonly<Record<string, string>> = {
  custom_cluster_spec: 'write `scheduler_pod_template` and `worker_pod_template`',
};
