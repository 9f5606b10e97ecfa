import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OWN_RULES, RUN_RULES } from '../../src/manifests/rbac.ts';
import { type TestCluster, up } from '../cluster/api.ts';
import { type Audited, isAllowed, isWrite, requestsOf } from '../support/audit.ts';
import { installDefinitions } from '../support/definitions.ts';
import { eventually } from '../support/eventually.ts';
import { flowImages } from '../support/examples.ts';
import { kubectlOf } from '../support/kubectl.ts';
import { runOf } from '../support/namespace.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { type Reader, readerOf } from '../support/reader.ts';
import { type Identity, operatorIdentity } from '../support/service-account.ts';

const WORKERS = 3;
const PROGRESS_SECONDS = 5;
/** Long enough for several progress writes. */
const FLOW = `import time
from distributed import get_client

def main(seconds):
    client = get_client()
    return sum(client.submit(time.sleep, 0.25, key=f"nap-{n}").result() is None for n in range(seconds * 4))
`;

let cluster: TestCluster;
let reader: Reader;
let identity: Identity;
let operator: OperatorProcess;
let image: string;

beforeAll(async () => {
  // One of its own: the audit log is the API server's, and the operator serves all namespaces as it would in earnest.
  cluster = await up({ name: 'it-budget', controlPlaneOnly: false, audit: true, images: ['prefect3'] });
  reader = readerOf(cluster.kubeconfig, 'default');
  image = (await flowImages()).prefect3;
  await installDefinitions(kubectlOf(cluster));
  identity = await operatorIdentity(cluster);
  operator = await startOperator({
    kubeconfig: identity.kubeconfig,
    arguments: [
      '--lease-namespace',
      identity.namespace,
      '--operator-pods',
      `${identity.namespace}/app.kubernetes.io/name=flowrun-operator`,
    ],
  });
  await eventually('the operator leads', () => operator.log().includes('Caches are filled; working'), 60);
});
afterAll(async () => {
  await operator?.kill();
  await reader?.close();
  if (identity !== undefined) await rm(dirname(identity.kubeconfig), { recursive: true });
  await cluster?.down();
});

const get = async (name: string) => runOf(await reader.get('flowrun', name));
const conditionOf = async (name: string, type: string) =>
  (await get(name)).status.conditions?.find((each) => each.type === type)?.status;
const becomes = (name: string, type: string) =>
  eventually(`${name} is ${type}`, async () => (await conditionOf(name, type)) === 'True', 120);

async function apply(name: string, seconds: number, spec: object = {}, flow: object = {}): Promise<void> {
  const manifest = {
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name, namespace: 'default' },
    spec: {
      flow: {
        image,
        entrypoint: 'naps.py:main',
        parameters: { seconds },
        source: { inline: { 'naps.py': FLOW } },
        ...flow,
      },
      executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: WORKERS } },
      ...spec,
    },
  };
  const { code, stderr } = await kubectlOf(cluster)(['apply', '-f', '-'], JSON.stringify(manifest));
  if (code !== 0) throw new Error(stderr);
}

const asked = () => requestsOf(cluster.auditLog ?? '', identity.user);

/** The writes of one run, its events apart. */
async function writesOf(run: { name: string; uid: string }) {
  const own = ({ name, uri }: Audited) =>
    name === run.name ||
    name.startsWith(`${run.name}-`) ||
    name.startsWith(`${run.name}.`) ||
    uri.includes(run.uid);
  const writes = (await asked()).filter((each) => isWrite(each) && own(each));
  const events = writes.filter(({ resource }) => resource === 'events');
  const lifecycle = writes.filter(({ resource }) => resource !== 'events');
  return { events, lifecycle };
}

const tally = (writes: readonly Audited[]) => {
  const counts: Record<string, number> = {};
  for (const { verb, resource } of writes) {
    const key = `${verb} ${resource}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};

test('an attempt costs the writes that the documentation says, and none after the end', async () => {
  await apply('counted', 8);
  await becomes('counted', 'CleanedUp');
  const { metadata, status } = await get('counted');
  expect(`${status.phase}: ${status.message}`).toMatch(/^Succeeded:/);
  const { lifecycle, events } = await writesOf(metadata);
  const { 'update flowruns/status': statuses = 0, ...others } = tally(lifecycle);
  expect(others).toEqual({
    'create configmaps': 1,
    'create secrets': 1,
    'create networkpolicies': 1,
    'create services': 1,
    'create pods': 2 + WORKERS,
    'deletecollection pods': 1,
    'delete services': 1,
    'delete configmaps': 1,
  });
  // Commits are in the log of the operator with the phase they lead to; the rest of the status writes is progress.
  const commits = operator.log().match(/"phase":"\w+","msg"/g)?.length ?? 0;
  expect(commits).toBe(5);
  const seconds = (Date.parse(status.completionTime ?? '') - Date.parse(status.startTime ?? '')) / 1000;
  expect(statuses - commits).toBeGreaterThan(0);
  expect(statuses - commits).toBeLessThanOrEqual(Math.ceil(seconds / PROGRESS_SECONDS));
  const fixed = lifecycle.length - (statuses - commits) - WORKERS;
  expect(fixed).toBeLessThanOrEqual(16);
  expect(events.length).toBeLessThanOrEqual(8);
  expect(lifecycle.filter(({ code }) => code >= 400)).toEqual([]);

  // A whole further run, with the operator awake all the time.
  await apply('later', 1);
  await becomes('later', 'CleanedUp');
  expect((await writesOf(metadata)).lifecycle).toEqual(lifecycle);
  expect((await get('counted')).metadata.resourceVersion).toBe(metadata.resourceVersion);
});

test('the operator asks for nothing but what its roles allow', async () => {
  // Beside the runs above: a flow stopped before it can start, another while it runs, and a run removed after its time.
  const nowhere = { executor: { type: 'LocalExecutor' } };
  const waiting = { template: { spec: { nodeSelector: { 'example.org/node': 'none' } } } };
  await apply('waiting', 1, nowhere, waiting);
  await eventually(
    'its flow pod is there',
    async () => (await reader.list('pod', 'flowrun.dev/name=waiting')).length > 0,
    60,
  );
  await apply('waiting', 1, { ...nowhere, cancel: true }, waiting);
  await becomes('waiting', 'CleanedUp');
  await apply('stopped', 120, { ttlSecondsAfterFinished: 1 });
  await becomes('stopped', 'Running');
  await apply('stopped', 120, { ttlSecondsAfterFinished: 1, cancel: true });
  await eventually(
    'the run is removed',
    async () => (await reader.list('flowrun', '')).every(({ metadata }) => metadata.name !== 'stopped'),
    120,
  );
  const requests = await asked();
  const used = new Set(requests.map(({ verb, resource }) => `${verb} ${resource}`));
  const given = [...RUN_RULES, ...OWN_RULES].flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  const unused = new Set(given.filter((right) => !used.has(right)));
  // Watches are not in the log; repeated events and what is looked up after a crash or a lost answer need not come here.
  expect([...unused].filter((right) => !right.startsWith('watch ')).sort()).toEqual(
    ['get configmaps', 'get pods', 'get services', 'patch events'].filter((right) => unused.has(right)),
  );
  expect(requests.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
  expect(requests.filter((each) => !isAllowed([...RUN_RULES, ...OWN_RULES], each))).toEqual([]);
});
