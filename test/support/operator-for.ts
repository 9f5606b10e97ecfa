import { inject } from 'vitest';
import { z } from 'zod';
import { eventually } from './eventually.ts';
import { helmFor } from './helm.ts';
import { kubectlOf } from './kubectl.ts';
import type { TestNamespace } from './namespace.ts';
import { startOperator } from './operator.ts';
import { installChart, OPERATOR_PODS } from './release.ts';

/**
 * Where the operator under test runs: as a process of this host, or in the cluster, installed from the chart with its rights, for the
 * namespace of the test or for the whole cluster.
 */
export const OPERATORS = ['process', 'namespace', 'cluster'] as const;
export type OperatorPlace = (typeof OPERATORS)[number];

declare module 'vitest' {
  interface ProvidedContext {
    operator: OperatorPlace;
  }
}

/** The operator that serves a test's namespace. Once killed or stopped, nothing of it is left. */
export interface TestOperator {
  /** What it has logged since it started last. */
  log(): Promise<string>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Settings of the configuration, under its names. */
type Settings = Readonly<Record<string, string>>;

/** Starts the operator where this run of the tests wants it, and returns once its caches are filled. */
export async function operatorFor(space: TestNamespace, settings: Settings = {}): Promise<TestOperator> {
  const place = inject('operator');
  if (place !== 'process') return installed(space, place, settings);
  const flags = Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    value,
  ]);
  const operator = await startOperator({
    kubeconfig: inject('kubeconfig'),
    arguments: ['--namespace', space.name, ...flags],
  });
  return { log: async () => operator.log(), stop: () => operator.stop(), kill: () => operator.kill() };
}

const podState = z.object({
  status: z.object({
    containerStatuses: z.tuple([
      z.object({ lastState: z.object({ terminated: z.object({ exitCode: z.number() }).optional() }) }),
    ]),
  }),
});

async function installed(
  space: TestNamespace,
  place: 'namespace' | 'cluster',
  settings: Settings,
): Promise<TestOperator> {
  const cluster = { kubectl: inject('kubectl'), kubeconfig: inject('kubeconfig') };
  const ask = kubectlOf(cluster);
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await ask(['--namespace', space.name, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const release = [space.name, '--namespace', space.name];
  const wait = ['--wait', '--timeout', '120s'];
  await using helm = await helmFor(cluster.kubeconfig);
  await installChart(helm, ask, {
    // Its name is in those of objects that are in no namespace.
    name: space.name,
    namespace: space.name,
    values: [
      // The tests apply the CRD for all of them.
      'crds.enabled=false',
      'config.logLevel=info',
      ...Object.entries(settings).map(([name, value]) => `config.${name}=${value}`),
      ...(place === 'namespace' ? [`watchNamespaces={${space.name}}`, 'rbac.aggregate=false'] : []),
    ],
  }).catch(async (error: unknown) => {
    await helm.run('uninstall', ...release, ...wait, '--ignore-not-found');
    throw error;
  });
  let there = true;
  /** What is not in the namespace has to go, too; whoever ends an operator twice ends it once. */
  const uninstall = async () => {
    if (!there) return;
    there = false;
    await using own = await helmFor(cluster.kubeconfig);
    await own.run('uninstall', ...release, ...wait);
  };
  const podNames = async () =>
    (await kubectl('get', 'pods', '-l', OPERATOR_PODS, '-o', 'name')).trim().split('\n');
  return {
    log: () => kubectl('logs', '-l', OPERATOR_PODS, '--tail=-1'),
    async stop() {
      if (!there) return null;
      const [pod = ''] = await podNames();
      // The kubelet starts the container again and keeps the exit code of the one before.
      await kubectl('exec', pod, '--', 'node', '-e', 'process.kill(1, "SIGTERM")');
      const exitCode = await eventually('the operator has ended', async () => {
        const { status } = podState.parse(JSON.parse(await kubectl('get', pod, '-o', 'json')));
        return status.containerStatuses[0].lastState.terminated;
      });
      await uninstall();
      return exitCode.exitCode;
    },
    async kill() {
      if (!there) return;
      // In this order, or the Deployment makes another pod.
      await kubectl('scale', 'deployment', '-l', OPERATOR_PODS, '--replicas=0');
      await kubectl(
        'delete',
        'pod',
        '-l',
        OPERATOR_PODS,
        '--grace-period=0',
        '--force',
        '--ignore-not-found',
      );
      await uninstall();
    },
  };
}
