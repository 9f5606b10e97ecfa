import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { OperatorPods } from './manifests/network-policy.ts';

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const keyOf = (pair: string) => pair.slice(0, pair.indexOf('='));
const count = (least: number) => z.coerce.number().int().min(least);

/** What can be set, by flag or environment. */
export const settings = z.object({
  /** Namespaces to serve, separated by commas; all when absent. */
  namespace: z
    .string()
    .default('')
    .transform((text) =>
      [...new Set(text.split(',').map((each) => each.trim()))].filter((each) => each !== ''),
    )
    .refine(
      (names) => names.every((name) => NAMESPACE.test(name)),
      'must be names of namespaces, separated by commas',
    ),
  defaultImage: z.string().min(1).optional(),
  workersPerRun: count(1).default(500),
  maxConcurrentRuns: count(1).optional(),
  maxConcurrentRunsPerNamespace: count(1).optional(),
  startDeadlineSeconds: count(1).default(600),
  sampleSeconds: count(1).default(5),
  concurrency: count(1).default(16),
  /** Where the Lease is; without one this process works at once, alone. */
  leaseNamespace: z.string().min(1).optional(),
  /** Where the Secret is that all keys are derived from. */
  seedNamespace: z.string().min(1).optional(),
  /** The pods that operators run as, `namespace/label=value,…`. Present: each Dask cluster is fenced by a NetworkPolicy. */
  operatorPods: z
    .string()
    .regex(/^[^/]+\/[^=,]+=[^=,]*(,[^=,]+=[^=,]*)*$/, 'must read `namespace/label=value,…`')
    .transform((text): OperatorPods => {
      const slash = text.indexOf('/');
      const labels = text.slice(slash + 1).split(',');
      return {
        namespace: text.slice(0, slash),
        labels: Object.fromEntries(labels.map((pair) => [keyOf(pair), pair.slice(keyOf(pair).length + 1)])),
      };
    })
    .optional(),
  /** Of clusters whose `clusterKwargs` do not say. */
  security: z.enum(['tls', 'none']).default('tls'),
  /** Of the pods of runs: `restricted` promises not to be root where the run does not say. */
  podDefaults: z.enum(['restricted', 'baseline']).default('restricted'),
  /** User id of pods of runs that name none. */
  runAsUser: count(1).optional(),
  /** `baseline`: what the Pod Security level of that name forbids, no run may have, in no namespace. */
  podPolicy: z.enum(['baseline', 'none']).default('baseline'),
  leaseName: z.string().min(1).default('flowrun-operator'),
  /** Absent: no HTTP server. */
  httpPort: count(0).max(65_535).optional(),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

export type Config = z.infer<typeof settings>;

/** Every option, and what it means. */
export const FLAGS = {
  namespace: 'namespaces to serve, `a,b` (default: all)',
  'default-image': 'image of flows that name none',
  'workers-per-run': 'most workers of one run (default 500)',
  'max-concurrent-runs': 'most runs at once, in all namespaces together (default: no limit)',
  'max-concurrent-runs-per-namespace': 'most runs at once in one namespace (default: no limit)',
  'start-deadline-seconds': 'time for a run to start, where it sets none (default 600)',
  'sample-seconds': 'seconds between two looks at a Dask scheduler (default 5)',
  concurrency: 'runs reconciled at once (default 16)',
  'lease-namespace': 'elect a leader by a Lease in this namespace, to run several replicas',
  'lease-name': 'name of that Lease (default flowrun-operator)',
  'seed-namespace':
    'namespace of the Secret that all keys are derived from (default: that of the Lease, else of the kubeconfig)',
  'operator-pods':
    'fence each Dask cluster by a NetworkPolicy that lets in its own pods and these, `namespace/label=value,…` (default: none is made)',
  security: 'tls or none: Dask traffic of clusters that do not say themselves (default tls)',
  'pod-defaults':
    'restricted or baseline: whether pods of runs that do not say may not be root (default restricted)',
  'run-as-user': 'user id of pods of runs that name none (default: that of their image)',
  'pod-policy':
    'baseline or none: refuse host paths, privilege and the like in runs of any namespace (default baseline)',
  'http-port': 'serve /metrics, /healthz and /readyz on this port',
  'log-level': 'fatal, error, warn, info, debug or trace (default info)',
} as const;

export const USAGE = `flowrun-operator: runs FlowRuns on ephemeral Dask clusters

Uses the cluster of KUBECONFIG, or the one it runs in. Each option is also read
from the environment: --default-image as FLOWRUN_DEFAULT_IMAGE, and so on.

${Object.entries(FLAGS)
  .map(([flag, text]) => `  --${flag.padEnd(34)} ${text}`)
  .join('\n')}
  --help                     this text`;

/** Flags before environment before defaults. `help` when asked for; `error` says which option is wrong and why. */
export function readConfig(
  argv: string[],
  env: NodeJS.ProcessEnv,
): { config: Config } | { help: true } | { error: string } {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(Object.keys(FLAGS).map((flag) => [flag, { type: 'string' as const }])),
      },
    }));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
  if (values['help'] === true) return { help: true };
  const given = Object.fromEntries(
    Object.keys(FLAGS).map((flag) => [
      camelCase(flag),
      values[flag] ?? env[`FLOWRUN_${flag.replaceAll('-', '_').toUpperCase()}`],
    ]),
  );
  const parsed = settings.safeParse(given);
  if (parsed.success) return { config: parsed.data };
  return {
    error: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  };
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
