// `npm run demo`: a real cluster, the operator, one example, and what is left of it at the end.
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { cacheRoot } from '../images/cache.ts';
import { NAMES } from '../images/names.ts';
import { watchRun } from '../src/cli/watch.ts';
import { up, type TestCluster } from './cluster/api.ts';
import { stopLocal } from './cluster/local.ts';
import { createProgress, type Progress } from './cluster/progress.ts';
import { flowImages, imageOf, readExample } from './support/examples.ts';
import { helmFor } from './support/helm.ts';
import { kubectlOf, type Kubectl } from './support/kubectl.ts';
import { installChart } from './support/release.ts';

const EXAMPLES = {
  prefect3: 'flights-prefect3',
  prefect1: 'flights-prefect1',
  dask: 'flights-dask',
  command: 'command',
} as const;
type ExampleName = keyof typeof EXAMPLES;

const USAGE = `npm run demo [-- --example ${Object.keys(EXAMPLES).join('|')}] [--keep]

Brings up a real Kubernetes on this machine, installs the operator with Helm, runs an example on a Dask cluster of its own, in a
namespace of the Pod Security level restricted, shows the result and that nothing but the finished flow is left, and removes everything.
The first time it builds what it needs (Linux, root; about a quarter of an hour on two cores); later it takes two minutes
or so, most of them for the example itself; on a busy machine, more.

  --example NAME   default: prefect3
  --keep           then wait, with cluster and operator for you to play with, until Ctrl-C
  --help           this text`;

const LOG = join(cacheRoot(), 'demo', 'operator.log');
const CLUSTER = 'demo';
/** Of the example. */
const NAMESPACE = 'default';
const RELEASE = { name: 'flowrun-operator', namespace: 'flowrun' } as const;
const LOGS = ['logs', '--namespace', RELEASE.namespace, `deployment/${RELEASE.name}`] as const;
const CLEAN_UP = 'Clean up';

const interrupted = new AbortController();
/** The live view is drawn in place: nothing else may write meanwhile. */
let onScreen = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (!onScreen) console.log('\nStopping …');
    interrupted.abort();
  });
}

const spent: [stage: string, seconds: number][] = [];

/** Runs a stage of the demo under a headline and notes how long it took. The clean-up is the one that runs after Ctrl-C too. */
async function stage<T>(headline: string, body: () => Promise<T>): Promise<T> {
  if (headline !== CLEAN_UP) interrupted.signal.throwIfAborted();
  console.log(`\n${styleText('bold', headline)}`);
  const began = performance.now();
  try {
    return await body();
  } finally {
    spent.push([headline, (performance.now() - began) / 1000]);
  }
}

/** kubectl for what must succeed: its output, or an Error with its words. */
async function ask(kubectl: Kubectl, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The operator in the cluster, as a user installs it, with neither it nor what it runs allowed more than *restricted* allows. */
async function installOperator(cluster: TestCluster, kubectl: Kubectl, progress: Progress): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespaces = [RELEASE.namespace, NAMESPACE].map((name) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
  );
  await ask(kubectl, ['apply', '--server-side', '-f', '-'], namespaces.join('\n'));
  await using helm = await helmFor(cluster.kubeconfig, { progress });
  // A demo that was killed may have left one, perhaps by half.
  await helm.run('uninstall', RELEASE.name, '--namespace', RELEASE.namespace, '--ignore-not-found', '--wait');
  await progress.during('helm installs charts/flowrun-operator and waits until the operator is ready', () =>
    installChart(helm, kubectl, RELEASE),
  );
  progress.done(
    `the operator is ready, in the namespace ${RELEASE.namespace} and with the rights of its chart; ` +
      `pods there and in ${NAMESPACE} must be as the Pod Security level restricted wants them`,
  );
}

/** The operator's log goes with the cluster; this one stays. */
async function saveLog(kubectl: Kubectl): Promise<void> {
  const { stdout, stderr } = await kubectl([...LOGS, '--tail=-1']);
  await mkdir(dirname(LOG), { recursive: true });
  await writeFile(LOG, stdout || stderr);
}

/** Runs the example and shows it. Throws when it does not succeed. */
async function runExample(cluster: TestCluster, kubectl: Kubectl, name: ExampleName): Promise<void> {
  const example = readExample(EXAMPLES[name], await flowImages());
  const run = example.metadata.name;
  await ask(kubectl, ['delete', 'flowrun', run, '--ignore-not-found']);
  await ask(kubectl, ['apply', '-f', '-'], JSON.stringify(example));
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  onScreen = true;
  const code = await watchRun(
    { kubeConfig, namespace: NAMESPACE, name: run, output: process.stdout },
    interrupted.signal,
  ).finally(() => {
    onScreen = false;
  });
  interrupted.signal.throwIfAborted();
  if (code !== 0) {
    const logs = await kubectl(['logs', '-l', `flowrun.dev/name=${run},flowrun.dev/role=flow`, '--tail=30']);
    throw new Error(`the run did not succeed. The end of the flow's log:\n${logs.stdout || logs.stderr}`);
  }
  if (name === 'command') {
    const selector = `flowrun.dev/name=${run},flowrun.dev/role=flow`;
    console.log(
      `\nWhat the command printed:\n\n${await ask(kubectl, ['logs', '-l', selector, '--tail=20'])}`,
    );
  }
}

/** Waits until the operator has cleaned up and shows what is left. Throws when that is more than the flow's pod. */
async function showRemains(kubectl: Kubectl, run: string): Promise<void> {
  await ask(kubectl, ['wait', `flowrun/${run}`, '--for=condition=CleanedUp', '--timeout=50s']);
  const selector = `flowrun.dev/name=${run}`;
  // Every process has ended by now; the kubelet takes the last pods away a moment later.
  await ask(kubectl, [
    'wait',
    'pod',
    '-l',
    `${selector},flowrun.dev/role!=flow`,
    '--for=delete',
    '--timeout=50s',
  ]);
  const pods = ['get', 'pods', '-l', selector];
  console.log(await ask(kubectl, ['get', 'flowrun', run]));
  console.log(await ask(kubectl, pods));
  const names = (await ask(kubectl, [...pods, '-o', 'name'])).trim().split('\n');
  if (names.length !== 1) throw new Error(`only the pod of the flow should be left, not ${names.join(', ')}`);
  console.log('Scheduler and workers are gone; the finished flow stays for its logs.');
}

async function letPlay(cluster: TestCluster, example: string): Promise<void> {
  console.log(`
Cluster and operator stay until you press Ctrl-C. In another terminal:

  export KUBECONFIG=${cluster.kubeconfig}
  export PATH=${dirname(cluster.kubectl)}:$PATH
  kubectl get flowruns,pods
  kubectl describe flowrun ${example}
  kubectl logs -l flowrun.dev/role=flow --tail=-1
  kubectl ${LOGS.join(' ')}
  kubectl delete flowrun --all
  kubectl apply -f examples/flights-dask.yaml
  npm run flowrun -- watch flights-dask
`);
  const alive = setInterval(() => {}, 60_000);
  await once(interrupted.signal, 'abort');
  clearInterval(alive);
}

async function demo(name: ExampleName, keep: boolean): Promise<void> {
  const progress = createProgress((line) => console.log(line));
  await using cleanUp = new AsyncDisposableStack();
  // First, so that a cluster that comes up only by half is removed too.
  cleanUp.defer(() => stage(CLEAN_UP, () => stopLocal(CLUSTER, true, progress)));
  const images = ['operator', ...(keep ? NAMES : [imageOf(EXAMPLES[name])])];
  const cluster = await stage('Cluster', () =>
    up({ name: CLUSTER, controlPlaneOnly: false, images, progress }),
  );
  const kubectl = kubectlOf(cluster);
  cleanUp.defer(() => saveLog(kubectl));
  await stage('Operator', () => installOperator(cluster, kubectl, progress));
  await stage(`Run of examples/${EXAMPLES[name]}.yaml`, () => runExample(cluster, kubectl, name));
  await stage('What is left', () => showRemains(kubectl, EXAMPLES[name]));
  if (keep) await letPlay(cluster, EXAMPLES[name]);
}

function parseExample(text: string): ExampleName {
  const names: readonly ExampleName[] = ['prefect3', 'prefect1', 'dask', 'command'];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Error(`there is no example ${text}; choose one of ${names.join(', ')}`);
}

function summary(): string {
  const total = spent.reduce((sum, [, seconds]) => sum + seconds, 0);
  const parts = spent.map(([headline, seconds]) => `${headline} ${seconds.toFixed(1)} s`).join(', ');
  return `${total.toFixed(1)} s in all: ${parts}`;
}

try {
  const { values } = parseArgs({
    options: {
      example: { type: 'string', default: 'prefect3' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
  } else {
    await demo(parseExample(values.example), values.keep);
    console.log(`\n${summary()}`);
  }
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error(`\ndemo: ${error instanceof Error ? error.message : String(error)}`);
    if (spent.length === 0) console.error('More: npm run demo -- --help');
    if (spent.some(([headline]) => headline === 'Operator')) console.error(`The operator's log: ${LOG}`);
  }
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
