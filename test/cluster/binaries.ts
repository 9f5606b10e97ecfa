import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cached, cacheRoot, hashOf } from '../../images/cache.ts';
import { run } from './command.ts';
import type { Progress } from './progress.ts';

export const KUBERNETES = { version: 'v1.37.2', major: '1', minor: '37' };

interface Module {
  readonly flags: readonly string[];
  /** File name → Go package. */
  readonly programs: Readonly<Record<string, string>>;
  /** Other names of a program. */
  readonly links?: Readonly<Record<string, string>>;
  readonly what: string;
}

const stripped = '-s -w';
const stamp = (name: string, value: string) => ` -X k8s.io/component-base/version.${name}=${value}`;
/** As its own Makefile does: without a cluster it judges a chart by the version it is told here. */
const helm3Stamps = ['chartutil', 'lint/rules']
  .map((at) => `helm.sh/helm/v3/pkg/${at}.k8sVersion`)
  .map((name) => ` -X ${name}Major=${KUBERNETES.major} -X ${name}Minor=${KUBERNETES.minor}`)
  .join('');
const kubernetesFlags = [
  '-ldflags',
  stripped +
    stamp('gitVersion', KUBERNETES.version) +
    stamp('gitMajor', KUBERNETES.major) +
    stamp('gitMinor', KUBERNETES.minor) +
    stamp('gitTreeState', 'clean') +
    stamp('gitCommit', '0') +
    stamp('buildDate', '2026-01-01T00:00:00Z'),
];

/** A change of the flags builds every package again, so they are fixed; each folder of `go/` is one module. */
const MODULES = {
  hyper: {
    what: `Kubernetes ${KUBERNETES.version} and etcd (once; about 10 minutes on 2 cores)`,
    flags: kubernetesFlags,
    programs: { hyper: '.' },
    links: { kubectl: 'hyper' },
  },
  containerd: {
    what: 'containerd (once; about a minute)',
    flags: ['-ldflags', stripped, '-tags', 'no_btrfs no_zfs no_devmapper no_aufs'],
    programs: Object.fromEntries(
      ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => [
        name,
        `github.com/containerd/containerd/v2/cmd/${name}`,
      ]),
    ),
  },
  coredns: {
    what: 'CoreDNS (once; about a minute)',
    flags: ['-ldflags', stripped],
    programs: { coredns: '.' },
  },
  helm: {
    what: 'Helm (once; about two minutes)',
    flags: ['-ldflags', stripped],
    programs: { helm: 'helm.sh/helm/v4/cmd/helm' },
  },
  helm3: {
    what: 'Helm 3 (once; half a minute after Helm)',
    flags: ['-ldflags', stripped + helm3Stamps],
    programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
  },
  kubeadm: {
    what: 'kubeadm (once; half a minute after Kubernetes)',
    flags: kubernetesFlags,
    programs: { kubeadm: 'k8s.io/kubernetes/cmd/kubeadm' },
  },
  kind: { what: 'kind', flags: ['-ldflags', stripped], programs: { kind: 'sigs.k8s.io/kind' } },
  pause: { what: 'pause', flags: ['-ldflags', stripped], programs: { pause: '.' } },
} satisfies Record<string, Module>;

export type ModuleName = keyof typeof MODULES;

/** The folder of a module's programs if the cache has them. */
export async function builtBinaries(name: ModuleName): Promise<string | undefined> {
  const folder = await targetOf(name).catch(() => undefined);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}

/** Builds a module's programs unless the cache has them, and returns the folder that holds them. Go is needed to build. */
export async function ensureBinaries(name: ModuleName, progress: Progress): Promise<string> {
  const module: Module = MODULES[name];
  return cached(await targetOf(name), (scratch) =>
    progress.during(`building ${module.what}`, async () => {
      const directory = join(scratch, 'bin');
      await mkdir(directory);
      for (const [program, path] of Object.entries(module.programs)) {
        await run(
          'nice',
          [
            'go',
            'build',
            '-trimpath',
            '-mod=readonly',
            `-p=${availableParallelism()}`,
            ...module.flags,
            '-o',
            join(directory, program),
            path,
          ],
          { cwd: sourceOf(name), env: { ...process.env, CGO_ENABLED: '0' }, timeoutSeconds: 3600 },
        );
      }
      for (const [link, target] of Object.entries(module.links ?? {}))
        await symlink(target, join(directory, link));
      return directory;
    }),
  );
}

function sourceOf(name: ModuleName): string {
  return join(import.meta.dirname, 'go', name);
}

/** Where the cache keeps the programs of a module as it is now. Throws without Go, whose version is part of that. */
async function targetOf(name: ModuleName): Promise<string> {
  const source = sourceOf(name);
  const go = await run('go', ['version']).catch((error: Error) => {
    throw new Error(
      'Go 1.26 or newer is needed to build the local cluster: install it from https://go.dev/dl',
      { cause: error },
    );
  });
  const files = (await readdir(source)).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(source, file), 'utf8')));
  const hash = hashOf([go, JSON.stringify(MODULES[name]), ...texts]);
  return join(cacheRoot(), 'bin', `${name}-${hash}`);
}
