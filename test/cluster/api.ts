import { kindProvider } from './kind.ts';
import { localProvider } from './local-provider.ts';
import { silent } from './progress.ts';
import type { Progress } from './progress.ts';

interface ClusterOptions {
  readonly name: string;
  /** Default: local. */
  readonly provider?: 'local' | 'kind';
  /** Without a node: starts in about 3 s and needs no root; pods stay Pending unless the test plays the kubelet. */
  readonly controlPlaneOnly: boolean;
  /** Default true. Without it nothing collects garbage, and pods need no ServiceAccount. */
  readonly controllerManager?: boolean;
  /** Default: only with a node. */
  readonly scheduler?: boolean;
  /** Write the API server's audit log: metadata of all requests but watches and the cluster's own parts. */
  readonly audit?: boolean;
  /** Names of flow images (`prefect3`) that the node must have. */
  readonly images?: readonly string[];
  readonly progress?: Progress;
}

/** A running cluster for tests. */
export interface TestCluster {
  readonly kubeconfig: string;
  /** Path of a kubectl of the cluster's version. */
  readonly kubectl: string;
  /** JSON lines of `audit.k8s.io/v1` events; present with `audit`. */
  readonly auditLog?: string;
  /** Turns the cluster off and removes all it stored; nothing of it is left on the host. */
  down(): Promise<void>;
}

/**
 * Brings up a cluster and returns when it can be used. One that runs already under this name and in this shape is taken as it
 * is. `await using` is not offered on purpose: a test that fails may want its cluster kept for a look.
 */
export async function up(options: ClusterOptions): Promise<TestCluster> {
  const {
    name,
    controlPlaneOnly,
    controllerManager = true,
    scheduler = !controlPlaneOnly,
    audit = false,
  } = options;
  const progress = options.progress ?? silent;
  const shape = { controlPlaneOnly, controllerManager, scheduler, audit };
  const provider = options.provider === 'kind' ? kindProvider : localProvider;
  const running = await provider.up({ name, images: options.images ?? [], ...shape }, progress);
  return { ...running, down: () => provider.down(name, true, progress) };
}
