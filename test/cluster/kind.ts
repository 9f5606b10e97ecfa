import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheRoot } from '../../images/cache.ts';
import { run } from './command.ts';
import { buildArchives } from './flow-images.ts';
import type { Provider } from './provider.ts';

const configuration = join(import.meta.dirname, '..', '..', 'kind-config.yaml');

/** Nodes as Docker containers, as kind-config.yaml describes them. */
export const kindProvider: Provider = {
  async up({ name, images, controlPlaneOnly, audit }, progress) {
    if (controlPlaneOnly || audit)
      throw new Error('kind knows neither --control-plane-only nor --audit: use --provider local');
    if (!(await clusters()).includes(name)) {
      await mkdir(dirname(kubeconfigOf(name)), { recursive: true });
      const options = ['--config', configuration, '--kubeconfig', kubeconfigOf(name), '--wait', '120s'];
      await progress.during(`creating the kind cluster ${name}`, () =>
        run('kind', ['create', 'cluster', '--name', name, ...options], { timeoutSeconds: 600 }),
      );
    }
    if (!existsSync(kubeconfigOf(name))) {
      await run('kind', ['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfigOf(name)]);
    }
    if (images.length > 0) await kindProvider.load(name, images, progress);
    progress.done(`cluster ${name} is ready`);
    return { kubeconfig: kubeconfigOf(name) };
  },
  async down(name, _wipe, progress) {
    await progress.during(`deleting the kind cluster ${name}`, () =>
      run('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfigOf(name)], {
        timeoutSeconds: 120,
      }),
    );
    await rm(kubeconfigOf(name), { force: true });
  },
  status: async () => `kind clusters: ${(await clusters()).join(', ') || 'none'}`,
  async load(name, images, progress) {
    for (const archive of await buildArchives(images, progress)) {
      await progress.during(`loading ${archive}`, () =>
        run('kind', ['load', 'image-archive', archive, '--name', name], { timeoutSeconds: 600 }),
      );
    }
  },
  env: async (name) => `export KUBECONFIG=${kubeconfigOf(name)}`,
};

async function clusters(): Promise<string[]> {
  return (await run('kind', ['get', 'clusters'])).split('\n').filter((line) => line !== '');
}

function kubeconfigOf(name: string): string {
  return join(cacheRoot(), 'kind', `${name}.kubeconfig`);
}
