import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { PORTS } from '../../src/core/pod-template.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually } from '../support/eventually.ts';
import { namespaceFor, type TestNamespace } from '../support/namespace.ts';
import { admits, networkPolicyView, type NetworkPolicyView, type Peer } from '../support/network-policy.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';

const OPERATOR = { app: 'the-operator', release: 'one' };
const HIGH = 41_234;

let space: TestNamespace;
let operator: OperatorProcess;
let policies: NetworkPolicyView[];
let stored: KubeObject[];
let peers: Record<string, Peer>;

const inOperators = (labels: Record<string, string>): Peer => ({
  namespace: 'flowrun-system',
  namespaceLabels: { 'kubernetes.io/metadata.name': 'flowrun-system' },
  labels,
});
const here = (labels: Record<string, string>): Peer => ({
  namespace: space.name,
  namespaceLabels: { 'kubernetes.io/metadata.name': space.name },
  labels,
});

beforeAll(async () => {
  space = await namespaceFor('fence');
  const labels = Object.entries(OPERATOR).map((pair) => pair.join('='));
  operator = await startOperator({
    kubeconfig: inject('kubeconfig'),
    arguments: ['--namespace', space.name, '--operator-pods', `flowrun-system/${labels.join(',')}`],
  });
  for (const name of ['one', 'two'])
    await space.apply({
      apiVersion: 'flowrun.dev/v1alpha1',
      kind: 'FlowRun',
      metadata: { name },
      spec: {
        flow: { image: space.image, command: ['sleep', '600'] },
        executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1, labels: { team: 'blue' } } },
      },
    });
  const pods = await eventually(
    'both runs have their pods',
    async () => {
      const found = await space.list('pod', 'flowrun.dev/uid');
      return found.length === 6 ? found : undefined;
    },
    60,
  );
  stored = await space.list('networkpolicy', 'flowrun.dev/uid');
  policies = stored.map((policy) => networkPolicyView.parse(policy));
  const named = pods.map(({ metadata }): [string, Peer] => {
    const own = metadata.labels ?? {};
    return [`${own['flowrun.dev/role']} of ${own['flowrun.dev/name']}`, here(own)];
  });
  const runs = Object.fromEntries(named);
  const worker = runs['worker of one']?.labels ?? {};
  peers = {
    ...runs,
    'the operator': inOperators(OPERATOR),
    'another pod of its namespace': inOperators({ app: 'the-operator' }),
    'a pod of the user’s that looks like the operator': here(OPERATOR),
    'any pod of the user’s': here({ team: 'blue' }),
    'a worker of an earlier attempt': here({ ...worker, 'flowrun.dev/attempt': '0' }),
    'a pod elsewhere with a worker’s labels': inOperators(worker),
  };
});
afterAll(async () => {
  await operator?.kill();
  await space?.remove();
});

const OWN = ['flow of one', 'scheduler of one', 'worker of one'];

test.each([
  ['the scheduler at the port of Dask', 'scheduler of one', PORTS.comm, OWN],
  ['the scheduler at the operator’s port', 'scheduler of one', PORTS.operator, ['the operator']],
  ['a worker', 'worker of one', HIGH, OWN],
])('%s is reached by whom it concerns, and by nobody else', (_, target, port, allowed) => {
  const to = peers[target];
  if (to === undefined) throw new Error(`there is no ${target}`);
  const reaching = Object.entries(peers).filter(([, from]) => admits(policies, from, to, port));
  expect(reaching.map(([name]) => name).sort()).toEqual([...allowed].sort());
});

test('the flow is left as the user has it, and so is all that goes out', () => {
  const flow = peers['flow of one'];
  const user = peers['any pod of the user’s'];
  if (flow === undefined || user === undefined) throw new Error('there is no flow');
  expect(admits(policies, user, flow, 80)).toBe(true);
  expect(policies.flatMap(({ spec }) => spec.policyTypes)).toEqual(['Ingress', 'Ingress']);
});

test('each policy goes with its run', async () => {
  expect(stored).toHaveLength(2);
  await space.patch('flowrun', 'one', { spec: { cancel: true } });
  await space.waitFor('one', 'CleanedUp', 90);
  const left = await eventually('the policy of the run is collected', async () => {
    const found = await space.list('networkpolicy', 'flowrun.dev/uid');
    return found.length === 1 ? found : undefined;
  });
  expect(left[0]?.metadata.labels?.['flowrun.dev/name']).toBe('two');
});
