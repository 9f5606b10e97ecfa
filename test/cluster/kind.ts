import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { buildImages } from '../../images/build.ts';
import { cacheRoot } from '../../images/cache.ts';
import { ensureBinaries } from './binaries.ts';
import { run } from './command.ts';
import { ENGINE, engineEnvironment, engineExists, removeEngine, startEngine } from './engine.ts';
import { joinNodes } from './kind-network.ts';
import { buildNodeImage } from './node-image.ts';
import { silent } from './progress.ts';
import type { Progress } from './progress.ts';
import type { Provider } from './provider.ts';

const configuration = join(import.meta.dirname, '..', '..', 'kind-config.yaml');

/** What of the tools is used, and whether Docker is the host's or our own. */
interface Tools {
  readonly env: NodeJS.ProcessEnv;
  /** Docker is our own, in namespaces, and knows no registry. */
  readonly bare: boolean;
  kind(args: readonly string[], timeoutSeconds?: number): Promise<string>;
  docker(args: readonly string[], timeoutSeconds?: number): Promise<string>;
}

/**
 * Nodes as Docker containers, as kind-config.yaml describes them. Where no Docker answers, it brings its own, with a node image of
 * our own making.
 */
export const kindProvider: Provider = {
  async up({ name, images, controlPlaneOnly, audit }, progress) {
    if (controlPlaneOnly || audit)
      throw new Error('kind knows neither --control-plane-only nor --audit: use --provider local');
    const tools = await prepare(progress);
    const kubeconfig = kubeconfigOf(name);
    await mkdir(dirname(kubeconfig), { recursive: true });
    const exists = (await clusters(tools)).includes(name);
    if (!tools.bare) {
      if (!exists) await createPlain(tools, name, progress);
      if (!existsSync(kubeconfig))
        await tools.kind(['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfig]);
    } else if (!exists || !existsSync(kubeconfig)) {
      // Its kubeconfig comes last: without it, an earlier start of the cluster was cut short.
      if (exists) await tools.kind(['delete', 'cluster', '--name', name], 120);
      await createBare(tools, name, progress);
    }
    if (images.length > 0) await load(tools, name, images, progress);
    progress.done(`cluster ${name} is ready`);
    return { kubeconfig, kubectl: await kubectlOf(tools, progress) };
  },
  async down(name, wipe, progress) {
    const bare = !(await hostDocker());
    if (bare && !engineExists()) return progress.done(`there is no cluster ${name}`);
    const tools = await toolsFor(bare, progress);
    // A Docker of our own that does not answer any more is removed with all it holds.
    const others = (await clusters(tools).catch(() => [])).filter((other) => other !== name);
    if (bare && others.length === 0) await progress.during('removing Docker with all it holds', removeEngine);
    else
      await progress.during(`deleting the kind cluster ${name}`, () =>
        tools.kind(['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfigOf(name)], 120),
      );
    await rm(kubeconfigOf(name), { force: true });
    void wipe;
  },
  async status() {
    const bare = !(await hostDocker());
    if (bare && !engineExists()) return 'no kind cluster exists';
    return `kind clusters: ${(await clusters(await toolsFor(bare, silent))).join(', ') || 'none'}`;
  },
  async load(name, images, progress) {
    await load(await prepare(progress), name, images, progress);
  },
  async env(name) {
    const kubectl = await kubectlOf(await toolsFor(!(await hostDocker()), silent), silent);
    const path = kubectl.includes('/') ? `\nexport PATH=${dirname(kubectl)}:$PATH` : '';
    return `export KUBECONFIG=${kubeconfigOf(name)}${path}`;
  },
};

async function hostDocker(): Promise<boolean> {
  return run('docker', ['version', '--format', '{{.Server.Version}}'], { timeoutSeconds: 5 }).then(
    () => true,
    () => false,
  );
}

async function toolsFor(bare: boolean, progress: Progress): Promise<Tools> {
  const env = bare ? await engineEnvironment(progress) : process.env;
  const installed = await run('kind', ['version'], { env, timeoutSeconds: 5 }).then(
    () => true,
    () => false,
  );
  const kind = installed ? 'kind' : join(await ensureBinaries('kind', progress), 'kind');
  return {
    env,
    bare,
    kind: (args, timeoutSeconds = 60) => run(kind, args, { env, timeoutSeconds }),
    docker: (args, timeoutSeconds = 60) => run('docker', args, { env, timeoutSeconds }),
  };
}

async function prepare(progress: Progress): Promise<Tools> {
  const bare = !(await hostDocker());
  if (bare) await startEngine(progress);
  return toolsFor(bare, progress);
}

async function createPlain(tools: Tools, name: string, progress: Progress): Promise<void> {
  const options = ['--config', configuration, '--kubeconfig', kubeconfigOf(name), '--wait', '120s'];
  await progress.during(`creating the kind cluster ${name}`, () =>
    tools.kind(['create', 'cluster', '--name', name, ...options], 600),
  );
}

const kindConfiguration = z.looseObject({ nodes: z.array(z.looseObject({ role: z.string() })).min(1) });

/** What a machine needs that may be small, of cgroup v1 and without a registry. */
const KUBELET = {
  kind: 'KubeletConfiguration',
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  maxOpenFiles: 20_000,
  resolvConf: '/run/resolv.conf',
  makeIPTablesUtilChains: false,
};

async function createBare(tools: Tools, name: string, progress: Progress): Promise<void> {
  const image = await buildNodeImage(progress);
  await progress.during('loading the node image into Docker', () =>
    tools.docker(['load', '--input', image.archive], 300),
  );
  const given = kindConfiguration.parse(parse(await readFile(configuration, 'utf8')));
  const config = {
    ...given,
    networking: {
      disableDefaultCNI: true,
      kubeProxyMode: 'nftables',
      apiServerAddress: ENGINE.address,
      apiServerPort: await freePort(tools),
      podSubnet: '10.247.0.0/17',
      serviceSubnet: '10.247.128.0/17',
    },
    kubeadmConfigPatches: [stringify(KUBELET)],
  };
  const scratch = join(dirname(kubeconfigOf(name)), `${name}.new`);
  await mkdir(scratch, { recursive: true });
  await writeFile(join(scratch, 'config.yaml'), stringify(config));
  const files = ['--config', join(scratch, 'config.yaml'), '--kubeconfig', join(scratch, 'kubeconfig')];
  await progress.during(`creating the kind cluster ${name}, ${given.nodes.length} nodes`, () =>
    tools.kind(['create', 'cluster', '--name', name, '--image', image.reference, ...files], 600),
  );
  await progress.during('joining the nodes of the cluster', () =>
    joinNodes((args) => tools.docker(args), name),
  );
  await rename(join(scratch, 'kubeconfig'), kubeconfigOf(name));
  await rm(scratch, { recursive: true });
}

/** kind would look for a free port of this host, where the ports of its nodes are not. */
async function freePort(tools: Tools): Promise<number> {
  const published = await tools.docker(['ps', '--all', '--format', '{{.Ports}}']);
  const taken = new Set([...published.matchAll(/:(\d+)->/g)].map(([, port]) => Number(port)));
  let port = 6443;
  while (taken.has(port)) port += 1;
  return port;
}

/** Each to the nodes that lack it: a reference says what is in the image. Where there are workers, nothing else runs pods. */
async function load(
  tools: Tools,
  name: string,
  images: readonly string[],
  progress: Progress,
): Promise<void> {
  const nodes = (await tools.kind(['get', 'nodes', '--name', name])).trim().split('\n');
  const workers = nodes.filter((node) => !node.endsWith('-control-plane'));
  const ctr = (node: string, ...args: string[]) =>
    tools.docker(['exec', node, 'ctr', '--namespace', 'k8s.io', 'images', ...args]);
  const wanted =
    images.length === 0 ? [] : await buildImages(images, { progress: (line) => progress.done(line) });
  for (const { reference, archive } of wanted) {
    const lacking: string[] = [];
    for (const node of workers.length > 0 ? workers : nodes)
      if (!(await ctr(node, 'ls', '--quiet')).split('\n').includes(reference)) lacking.push(node);
    if (lacking.length === 0) continue;
    const options = ['--name', name, '--nodes', lacking.join(',')];
    await progress.during(`loading ${basename(archive)}`, () =>
      tools.kind(['load', 'image-archive', archive, ...options], 600),
    );
    // The examples name their images by this tag, so that they apply as they are.
    for (const node of lacking)
      await ctr(node, 'tag', '--force', reference, reference.replace(/:.*/, ':dev'));
  }
}

async function clusters(tools: Tools): Promise<string[]> {
  return (await tools.kind(['get', 'clusters'])).split('\n').filter((line) => line !== '');
}

/** One that is installed, else that of the local cluster. */
async function kubectlOf(tools: Tools, progress: Progress): Promise<string> {
  if (tools.bare) return join(await ensureBinaries('hyper', progress), 'kubectl');
  const installed = await run('kubectl', ['version', '--client'], { timeoutSeconds: 15 }).then(
    () => true,
    () => false,
  );
  return installed ? 'kubectl' : join(await ensureBinaries('hyper', progress), 'kubectl');
}

function kubeconfigOf(name: string): string {
  return join(cacheRoot(), 'kind', `${name}.kubeconfig`);
}
