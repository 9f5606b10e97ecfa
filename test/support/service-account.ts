import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { rbac } from '../../src/manifests/rbac.ts';
import { kubectlOf } from './kubectl.ts';

const kubeconfigView = z.object({
  clusters: z.tuple([z.object({ name: z.string(), cluster: z.looseObject({}) })]),
});

/** The operator's identity in a cluster: a ServiceAccount with the rights of src/manifests/rbac.ts and no others. */
export interface Identity {
  /** As the API server calls it. */
  user: string;
  namespace: string;
  /** Path of a kubeconfig with its token, in a folder of its own. */
  kubeconfig: string;
}

export async function operatorIdentity(cluster: { kubectl: string; kubeconfig: string }): Promise<Identity> {
  const ask = kubectlOf(cluster);
  const kubectl = async (args: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await ask(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const namespace = 'flowrun-system';
  const name = 'flowrun-operator';
  await kubectl(['create', 'namespace', namespace]);
  await kubectl(['create', 'serviceaccount', name, '--namespace', namespace]);
  const items = rbac({ name, namespace, serviceAccountName: name });
  await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const token = await kubectl(['create', 'token', name, '--namespace', namespace]);
  const source = kubeconfigView.parse(parse(await readFile(cluster.kubeconfig, 'utf8')));
  const [{ name: server }] = source.clusters;
  const kubeconfig = join(await mkdtemp(join(tmpdir(), 'flowrun-identity-')), 'kubeconfig');
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: source.clusters,
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: server, user: name } }],
    'current-context': name,
  });
  await writeFile(kubeconfig, text, { mode: 0o600 });
  return { user: `system:serviceaccount:${namespace}:${name}`, namespace, kubeconfig };
}
