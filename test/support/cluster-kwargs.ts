import { type CLUSTER_KWARGS, MEANINGLESS, REPLACED } from '../../src/core/cluster-kwargs.ts';

/** What a keyword argument shows in the pods of a role. */
export interface Effect {
  /** Words of the command line, beside each other. */
  command?: string;
  /** Fields of the role's container, and of the pod, by path. */
  container?: Record<string, unknown>;
  pod?: Record<string, unknown>;
}

export interface Row {
  example: unknown;
  meaning: string;
  worker?: Effect;
  scheduler?: Effect;
  /** Workers at the start; one where it does not say. */
  workers?: number;
}

/** Every keyword argument of the operator's cluster: a value and what becomes of it. Tests hold it against real manifests. */
export const EFFECTS: Record<keyof typeof CLUSTER_KWARGS, Row> = {
  n_workers: {
    example: 4,
    meaning: 'Number of workers, 1 if absent. With `adaptKwargs`: how many there are at first.',
    workers: 4,
  },
  image: {
    example: 'registry/dask:2026.8',
    meaning: "Image of scheduler and workers; the flow's if absent.",
    worker: { container: { image: 'registry/dask:2026.8' } },
    scheduler: { container: { image: 'registry/dask:2026.8' } },
  },
  env: {
    example: { LOG: 'full' },
    meaning: 'A map, or a list as in a Pod. Wins over `flow.env`, which scheduler and workers have too.',
    worker: { container: { env: [{ name: 'LOG', value: 'full' }] } },
    scheduler: { container: { env: [{ name: 'LOG', value: 'full' }] } },
  },
  labels: {
    example: { team: 'blue' },
    meaning: 'Wins over `flow.labels`.',
    worker: { pod: { 'metadata.labels.team': 'blue' } },
    scheduler: { pod: { 'metadata.labels.team': 'blue' } },
  },
  annotations: {
    example: { cost: 'low' },
    meaning: 'Wins over `flow.annotations`.',
    worker: { pod: { 'metadata.annotations.cost': 'low' } },
    scheduler: { pod: { 'metadata.annotations.cost': 'low' } },
  },
  threads_per_worker: {
    example: 2,
    meaning: 'If absent: the CPU limit, rounded up, else 1.',
    worker: { command: '--nthreads 2' },
  },
  nthreads: {
    example: 2,
    meaning: 'Another name of `threads_per_worker`.',
    worker: { command: '--nthreads 2' },
  },
  memory_limit: {
    example: '4 GiB',
    meaning:
      "The container's limit and Dask's own, as `make_pod_spec` does. `0`: neither; `auto`: Dask reads the container's.",
    worker: { command: '--memory-limit 4294967296', container: { 'resources.limits.memory': '4Gi' } },
  },
  memory_request: {
    example: '500 MB',
    meaning: 'Size as Dask writes it, or as Kubernetes does.',
    worker: { container: { 'resources.requests.memory': '500000000' } },
  },
  cpu_limit: {
    example: 2,
    meaning: 'Also the number of threads, unless that is given.',
    worker: { command: '--nthreads 2', container: { 'resources.limits.cpu': '2' } },
  },
  cpu_request: {
    example: '750m',
    meaning: 'Quantity of Kubernetes.',
    worker: { container: { 'resources.requests.cpu': '750m' } },
  },
  resources: {
    example: { limits: { memory: '4Gi', 'nvidia.com/gpu': 1 } },
    meaning: 'Of the worker, as in a Pod; it may not repeat one of the four above.',
    worker: {
      command: '--memory-limit 4294967296',
      container: { 'resources.limits.memory': '4Gi', 'resources.limits.nvidia\\.com/gpu': 1 },
    },
  },
  scheduler_resources: {
    example: { requests: { memory: '2Gi' } },
    meaning: 'Of the scheduler, as in a Pod.',
    scheduler: { container: { 'resources.requests.memory': '2Gi' } },
  },
  worker_resources: {
    example: { GPU: 1 },
    meaning:
      "Dask's own resources, which tasks ask for by tag or annotation; Kubernetes knows nothing of them.",
    worker: { command: '--resources GPU=1' },
  },
  worker_command: {
    example: 'dask-cuda-worker',
    meaning: 'Text or a list of words; address and options follow. `dask-cuda-worker` keeps its nanny.',
    worker: { command: 'dask-cuda-worker tls://' },
  },
  worker_groups: {
    example: { gpu: { n_workers: 2, worker_resources: { GPU: 1 } } },
    meaning:
      'More kinds of workers by name: each takes the keywords of workers in this table, over those of the cluster.',
    workers: 3,
  },
  allow_version_mismatch: {
    example: true,
    meaning:
      'Another Python version on scheduler or workers than in the flow is a warning, not the end of the attempt.',
  },
  nanny: {
    example: true,
    meaning: 'Without it (the default) the pod itself is what supervises the worker.',
    worker: { command: '--nanny --preload-nanny' },
  },
  death_timeout: {
    example: '20 minutes',
    meaning: 'Seconds after which a worker without scheduler leaves; never less than the start deadline.',
    worker: { command: '--death-timeout 1200' },
  },
  idle_timeout: {
    example: '5 minutes',
    meaning:
      'With `adaptKwargs`: a cluster without tasks shrinks to `minimum` after it. It never ends one under a flow.',
  },
  security: {
    example: 'none',
    meaning:
      '`tls`, the default: scheduler, workers and flow encrypt, and show each other certificates of this run. `none`: neither.',
    worker: { command: 'tcp://' },
  },
  worker_pod_template: {
    example: { spec: { nodeSelector: { pool: 'gpu' } } },
    meaning: 'PodTemplateSpec over the worker pod; its container is called `worker`.',
    worker: { pod: { 'spec.nodeSelector.pool': 'gpu' } },
  },
  pod_template: {
    example: { spec: { priorityClassName: 'low' } },
    meaning: 'Another name of `worker_pod_template`.',
    worker: { pod: { 'spec.priorityClassName': 'low' } },
  },
  scheduler_pod_template: {
    example: { spec: { nodeSelector: { pool: 'stable' } } },
    meaning: 'The same for the scheduler, whose container is called `scheduler`.',
    scheduler: { pod: { 'spec.nodeSelector.pool': 'stable' } },
  },
  extra_pod_config: {
    example: { hostname: 'dask' },
    meaning: "Fields of the worker's pod spec, as of `make_pod_spec`.",
    worker: { pod: { 'spec.hostname': 'dask' } },
  },
  extra_container_config: {
    example: { workingDir: '/data' },
    meaning: 'Fields of the container of the worker.',
    worker: { container: { workingDir: '/data' } },
  },
};

const BEGIN = '<!-- clusterKwargs: written by `npm run generate` -->';
const END = '<!-- end of clusterKwargs -->';

/** The page with both tables between their marks, whatever stood there. Throws if it has no such marks. */
export function withClusterKwargs(page: string): string {
  const [before, rest] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before === -1 || rest < before) throw new Error(`the page lacks ${BEGIN} and ${END}`);
  return `${page.slice(0, before)}${BEGIN}\n\n${tables()}\n\n${page.slice(rest)}`;
}

function tables(): string {
  const rows = Object.entries(EFFECTS).map(
    ([key, row]) => `| \`${key}\` | \`${short(row.example)}\` | ${becomes(row)} | ${row.meaning} |`,
  );
  const byReason = Map.groupBy(Object.entries(MEANINGLESS), ([, reason]) => reason);
  const ignored = [...byReason].map(
    ([reason, keys]) => `| ${keys.map(([key]) => `\`${key}\``).join(', ')} | ${reason} |`,
  );
  const replaced = Object.entries(REPLACED).map(([key, instead]) => `\`${key}\`: ${instead}.`);
  return [
    '| Keyword | For example | Becomes | |',
    '|---|---|---|---|',
    ...rows,
    '',
    'These have no effect here; a warning condition (`ExecutorArguments`) gives the reason, and the run goes on:',
    '',
    '| Keyword | Why |',
    '|---|---|',
    ...ignored,
    '',
    `Refused, since it would be lost: ${replaced.join(' ')}`,
  ].join('\n');
}

/** As YAML in one line, the way the page writes it. */
const short = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(short).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${short(item)}`)
    .join(', ')}}`;
};

function becomes({ worker, scheduler, workers }: Row): string {
  const roles = Object.entries({ worker, scheduler }).filter(([, effect]) => effect !== undefined);
  const same = roles.length === 2 && JSON.stringify(worker) === JSON.stringify(scheduler);
  const told = (same ? [['worker, scheduler', worker] as const] : roles).map(
    ([role, effect]) => `${role}: ${effects(effect)}`,
  );
  return [...(workers === undefined ? [] : [`${workers} worker pods`]), ...told].join('; ');
}

function effects({ command, container = {}, pod = {} }: Effect = {}): string {
  const fields = Object.entries({ ...container, ...pod }).map(
    ([path, value]) => `\`${path.replaceAll('\\', '')}: ${short(value)}\``,
  );
  return [...(command === undefined ? [] : [`\`${command}\``]), ...fields].join(', ');
}
