import type { ProviderName } from './arguments.ts';
import { run } from './command.ts';
import { kindProvider } from './kind.ts';
import { kubeconfigProvider } from './kubeconfig.ts';
import { localProvider } from './local-provider.ts';
import type { Shape } from './plan.ts';
import type { Progress } from './progress.ts';

/** What of the command line concerns `up`. */
export interface Request extends Shape {
  readonly name: string;
  readonly images: readonly string[];
}

/** One way to a Kubernetes cluster. Every method throws with a message that says what to do. */
export interface Provider {
  up(
    request: Request,
    progress: Progress,
  ): Promise<{ kubeconfig: string; kubectl: string; auditLog?: string }>;
  down(name: string, wipe: boolean, progress: Progress): Promise<void>;
  status(name: string): Promise<string>;
  /** Builds flow images (none named: all) and loads them into the running cluster. */
  load(name: string, images: readonly string[], progress: Progress): Promise<void>;
  /** Lines for a shell. */
  env(name: string): Promise<string>;
}

const providers = {
  local: () => localProvider,
  kind: () => kindProvider,
  kubeconfig: () => kubeconfigProvider,
} satisfies Record<ProviderName, () => Provider>;

/** The provider asked for; else kind where it can work and no local cluster of that name exists; else local. */
export async function chooseProvider(asked: ProviderName | undefined, name: string): Promise<Provider> {
  if (asked !== undefined) return providers[asked]();
  if (localProvider.exists(name)) return localProvider;
  const [docker, kind] = await Promise.allSettled([
    run('docker', ['version', '--format', '{{.Server.Version}}'], { timeoutSeconds: 5 }),
    run('kind', ['version'], { timeoutSeconds: 5 }),
  ]);
  return docker.status === 'fulfilled' && kind.status === 'fulfilled' ? kindProvider : localProvider;
}
