import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cached, cacheRoot, hashOf, readAll } from '../../images/cache.ts';
import { debianLayer, layerOf } from '../../images/layer.ts';
import { writeArchive } from '../../images/oci.ts';
import { ensureBinaries, KUBERNETES } from './binaries.ts';
import { run } from './command.ts';
import { pauseArchive } from './image-import.ts';
import type { Progress } from './progress.ts';

const FILES = join(import.meta.dirname, 'kind-node');
const BASE = [
  'ca-certificates',
  'containernetworking-plugins',
  'iproute2',
  'mount',
  'nftables',
  'procps',
  'runc',
];
/** What kube-proxy calls. */
const CONTROL_PLANE_BASE = ['nftables'];
const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'];

/**
 * A node image for kind, made of the programs that the local cluster consists of: no registry is asked. It brings the images of the control
 * plane along. Needs root where the cache lacks it.
 */
export async function buildNodeImage(progress: Progress): Promise<{ reference: string; archive: string }> {
  const folders = {
    hyper: await ensureBinaries('hyper', progress),
    kubeadm: await ensureBinaries('kubeadm', progress),
    containerd: await ensureBinaries('containerd', progress),
    coredns: await ensureBinaries('coredns', progress),
    pause: await ensureBinaries('pause', progress),
  };
  const own = ['entrypoint', 'containerd.toml'].map((file) => join(FILES, file));
  const source = join(import.meta.dirname, 'node-image.ts');
  const hash = hashOf([
    ...Object.values(folders).map((folder) => basename(folder)),
    ...(await readAll([...own, source])),
  ]);
  const reference = `localhost/flowrun-kind-node:${hash}`;
  const archive = await cached(join(cacheRoot(), 'images', `kind-node-${hash}.tar`), (scratch) =>
    progress.during('building a node image for kind', async () => {
      const images = join(scratch, 'root/kind/images');
      await mkdir(images, { recursive: true });
      const base = await debian('kind-node-base', { variant: 'minbase', packages: BASE }, progress);
      await controlPlaneImage(scratch, join(images, 'control-plane.tar'), folders.hyper, progress);
      await corednsImage(scratch, join(images, 'coredns.tar'), folders.coredns);
      await copyFile(await pauseArchive(join(folders.pause, 'pause')), join(images, 'pause.tar'));
      await writeFile(join(images, 'names'), await imageNames(folders.kubeadm));
      await fillRoot(join(scratch, 'root'), folders);
      const layer = await layerOf(join(scratch, 'root'), join(scratch, 'node.tar'), ['.'], '.');
      const config = {
        User: '0',
        WorkingDir: '/',
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        Cmd: ['/usr/local/bin/entrypoint'],
      };
      await writeArchive(join(scratch, 'image.tar'), join(scratch, 'layout'), reference, config, [
        base,
        layer,
      ]);
      return join(scratch, 'image.tar');
    }),
  );
  return { reference, archive };
}

type Folders = Record<'hyper' | 'kubeadm' | 'containerd', string>;

/** Everything of the node that is not Debian's. */
async function fillRoot(root: string, { hyper, kubeadm, containerd }: Folders): Promise<void> {
  const bin = join(root, 'usr/local/bin');
  for (const folder of [
    bin,
    join(root, 'usr/bin'),
    join(root, 'etc/containerd'),
    join(root, 'etc/cni/net.d'),
    join(root, 'kind/manifests'),
  ])
    await mkdir(folder, { recursive: true });
  for (const program of ['containerd', 'containerd-shim-runc-v2', 'ctr'])
    await copyFile(join(containerd, program), join(bin, program));
  await copyFile(join(kubeadm, 'kubeadm'), join(bin, 'kubeadm'));
  await copyFile(join(hyper, 'hyper'), join(bin, 'hyper'));
  for (const name of ['kubelet', 'kubectl'])
    await symlink('/usr/local/bin/hyper', join(root, 'usr/bin', name));
  await copyFile(join(FILES, 'entrypoint'), join(bin, 'entrypoint'));
  await chmod(join(bin, 'entrypoint'), 0o755);
  await copyFile(join(FILES, 'containerd.toml'), join(root, 'etc/containerd/config.toml'));
  await writeFile(join(root, 'kind/version'), KUBERNETES.version);
  // kind applies this one; nothing here provisions volumes.
  const storage = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard' },
    provisioner: 'none',
  };
  await writeFile(join(root, 'kind/manifests/default-storage.yaml'), JSON.stringify(storage));
}

/** One image with all of the control plane: each program is a name of the one binary. */
async function controlPlaneImage(
  scratch: string,
  archive: string,
  hyper: string,
  progress: Progress,
): Promise<void> {
  const root = join(scratch, 'control-plane');
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await copyFile(join(hyper, 'hyper'), join(root, 'usr/local/bin/hyper'));
  for (const name of CONTROL_PLANE) await symlink('hyper', join(root, 'usr/local/bin', name));
  const layers = [
    await debian('control-plane-base', { variant: 'extract', packages: CONTROL_PLANE_BASE }, progress),
    await layerOf(root, join(scratch, 'control-plane.tar'), ['usr']),
  ];
  const config = {
    User: '0',
    WorkingDir: '/',
    Env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    Cmd: [],
  };
  await writeArchive(
    archive,
    join(scratch, 'control-plane-layout'),
    'localhost/control-plane:1',
    config,
    layers,
  );
}

async function corednsImage(scratch: string, archive: string, coredns: string): Promise<void> {
  const layer = await layerOf(coredns, join(scratch, 'coredns.tar'), ['coredns']);
  const config = { User: '0', WorkingDir: '/', Env: [], Entrypoint: ['/coredns'], Cmd: [] };
  await writeArchive(archive, join(scratch, 'coredns-layout'), 'localhost/coredns:1', config, [layer]);
}

/** Lines `image name`: which of our images stands for which that kubeadm asks for. */
async function imageNames(kubeadm: string): Promise<string> {
  const args = ['config', 'images', 'list', '--kubernetes-version', KUBERNETES.version];
  const names = (await run(join(kubeadm, 'kubeadm'), args)).trim().split('\n');
  const imageOf = (name: string) =>
    /\/coredns:/.test(name)
      ? 'localhost/coredns:1'
      : /\/pause:/.test(name)
        ? 'localhost/pause:1'
        : 'localhost/control-plane:1';
  return names.map((name) => `${imageOf(name)} ${name}\n`).join('');
}

function debian(stem: string, layer: Parameters<typeof debianLayer>[1], progress: Progress): Promise<string> {
  const target = join(cacheRoot(), 'images', `${stem}-${hashOf([...layer.packages, layer.variant])}.tar`);
  return cached(target, (own) => debianLayer(join(own, 'base.tar'), layer, (line) => progress.done(line)));
}
