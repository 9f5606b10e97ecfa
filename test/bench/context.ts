import { KubeConfig } from '@kubernetes/client-node';
import { Client } from '../../src/kube/client.ts';
import { NAMESPACE } from '../../src/kube/resource.ts';
import { up } from '../cluster/api.ts';
import { stopLocal } from '../cluster/local.ts';
import { createProgress, silent } from '../cluster/progress.ts';
import { installDefinitions } from '../support/definitions.ts';
import { flowImages } from '../support/examples.ts';
import { kubectlOf } from '../support/kubectl.ts';

/** A cluster with the FlowRun CRD and the image of the flows. */
export interface BenchCluster {
  readonly kubeconfig: string;
  readonly client: Client;
  /** Reference of the flow image with Prefect 3 and distributed 2026.8.0. */
  readonly image: string;
  /** kubectl for what must succeed: its output, or an Error with its words. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** Applies definitions and returns once they are served. */
  readonly install: (path: string) => Promise<void>;
  /** Makes a namespace that is removed when the stack is disposed of. Its name. */
  readonly namespace: (stem: string, stack: AsyncDisposableStack) => Promise<string>;
}

/** What a benchmark is given. */
export interface Context {
  /** Measurements of each kind. */
  readonly repetitions: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** The cluster with a node, brought up when first asked for. */
  readonly cluster: () => Promise<BenchCluster>;
}

export const OWN_CLUSTER = 'bench';

/**
 * The context of one call of `npm run bench`. A cluster that is named is used and left; otherwise one is made, and removed with
 * the stack.
 */
export function createContext(
  options: { repetitions: number; cluster: string | undefined; signal: AbortSignal },
  stack: AsyncDisposableStack,
): Context {
  const { repetitions, signal } = options;
  const say = (line: string) => console.log(line);
  let cluster: Promise<BenchCluster> | undefined;
  return {
    repetitions,
    signal,
    say,
    cluster: () => (cluster ??= openCluster(options.cluster, stack)),
  };
}

/** A control plane without a node, with the FlowRun CRD; removed with the stack. */
export async function openPlane(
  stack: AsyncDisposableStack,
): Promise<{ kubeconfig: string; client: Client }> {
  const name = `${OWN_CLUSTER}-plane`;
  stack.defer(() => stopLocal(name, true, silent));
  const { kubeconfig, kubectl } = await up({ name, controlPlaneOnly: true, controllerManager: false });
  await installDefinitions(kubectlOf({ kubeconfig, kubectl }));
  return { kubeconfig, client: clientFor(kubeconfig, stack) };
}

async function openCluster(name: string | undefined, stack: AsyncDisposableStack): Promise<BenchCluster> {
  const progress = createProgress((line) => console.log(line));
  if (name === undefined) stack.defer(() => stopLocal(OWN_CLUSTER, true, progress));
  const running = await up({
    name: name ?? OWN_CLUSTER,
    controlPlaneOnly: false,
    images: ['prefect3'],
    progress,
  });
  const kubectl = askOrThrow(running);
  await installDefinitions(kubectlOf(running));
  const client = clientFor(running.kubeconfig, stack);
  return {
    kubeconfig: running.kubeconfig,
    client,
    image: (await flowImages()).prefect3,
    kubectl,
    install: (path) => installDefinitions(kubectlOf(running), path),
    async namespace(stem, within) {
      const namespace = `${stem}-${Math.random().toString(36).slice(2, 8)}`;
      await client.create(NAMESPACE, { metadata: { name: namespace } });
      within.defer(async () => void (await kubectl(['delete', 'namespace', namespace, '--timeout=50s'])));
      // A pod is refused until its ServiceAccount is there.
      await kubectl([
        'wait',
        '--for=create',
        'serviceaccount/default',
        '--namespace',
        namespace,
        '--timeout=50s',
      ]);
      return namespace;
    },
  };
}

type Ask = BenchCluster['kubectl'];

function askOrThrow(cluster: { kubectl: string; kubeconfig: string }): Ask {
  const ask = kubectlOf(cluster);
  return async (args, input) => {
    const { code, stdout, stderr } = await ask(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
}

function clientFor(kubeconfig: string, stack: AsyncDisposableStack): Client {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  const client = new Client(kubeConfig, { userAgent: 'flowrun-bench' });
  stack.defer(() => client.close());
  return client;
}
