import { Agent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** The API server behind a proxy, and what the proxy shows it. */
export interface Target {
  readonly server: URL;
  readonly agent: Agent;
  readonly headers: Record<string, string>;
}

/** Of a kubeconfig, over connections of its own unless an agent is given. */
export async function targetOf(kubeconfig: string, agent: Agent | undefined): Promise<Target> {
  const source = new KubeConfig();
  source.loadFromFile(kubeconfig);
  const headers: Record<string, string> = {};
  const options: RequestOptions = { headers };
  await source.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized } = options;
  return {
    server: new URL(source.getCurrentCluster()?.server ?? ''),
    agent: agent ?? new Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized }),
    headers,
  };
}
