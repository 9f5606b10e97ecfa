import { z } from 'zod';
import { waitFor } from './probe.ts';

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ podCIDR: z.string().optional() }),
      status: z.object({
        addresses: z.array(z.object({ type: z.string(), address: z.string() })),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })),
      }),
    }),
  ),
});

type Docker = (args: readonly string[]) => Promise<string>;

/**
 * The pod network of a kind cluster without a network plugin of its own: on each node point-to-point links to its pods, and
 * routes to the pods of the others. Returns when all nodes are Ready.
 */
export async function joinNodes(docker: Docker, cluster: string): Promise<void> {
  const read = async () => {
    const get = ['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', 'get', 'nodes', '-o', 'json'];
    const answer: unknown = JSON.parse(await docker(['exec', `${cluster}-control-plane`, ...get]));
    return nodeList.parse(answer).items;
  };
  const allHave = (what: string, holds: (node: z.infer<typeof nodeList>['items'][number]) => boolean) =>
    waitFor(what, async () => (await read()).every(holds), 120);
  await allHave('every node to have a range for its pods', ({ spec }) => spec.podCIDR !== undefined);
  const nodes = await read();
  for (const node of nodes) {
    const name = node.metadata.name;
    const routes = nodes
      .filter((other) => other !== node)
      .map((other) => {
        const address = other.status.addresses.find(({ type }) => type === 'InternalIP')?.address;
        return `ip route replace ${other.spec.podCIDR} via ${address}`;
      });
    const script = [
      'set -e',
      ...routes,
      `echo '${network(node.spec.podCIDR ?? '')}' > /etc/cni/net.d/10-flowrun.conflist`,
    ];
    await docker(['exec', name, 'sh', '-c', script.join('\n')]);
  }
  const ready = ({ status }: (typeof nodes)[number]) =>
    status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  await allHave('every node to be Ready', ready);
}

function network(subnet: string): string {
  const ipam = { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] };
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'flowrun',
    plugins: [{ type: 'ptp', ipMasq: false, ipam }],
  });
}
