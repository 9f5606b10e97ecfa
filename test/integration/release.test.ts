import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { RUN_RULES } from '../../src/manifests/rbac.ts';
import { eventually } from '../support/eventually.ts';
import { CHART, type Helm, helmFor } from '../support/helm.ts';
import { clusterKubectl, namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { installChart, OPERATOR_PODS } from '../support/release.ts';
import { beginWaiting, endsWell, letEnd } from '../support/waiting-run.ts';

const RELEASE = 'flowrun';

let helm: Helm;
let helm3: Helm;
let own: TestNamespace;
let user: TestNamespace;
let second: TestNamespace;
let unwatched: TestNamespace;

/** In namespaces of the Pod Security level restricted, but for one that it does not serve. */
beforeAll(async () => {
  helm = await helmFor(inject('kubeconfig'));
  helm3 = await helmFor(inject('kubeconfig'), { major: 3 });
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  [own, user, second, unwatched] = [
    await namespaceFor('release', restricted),
    await namespaceFor('release-user', restricted),
    await namespaceFor('release-second', restricted),
    await namespaceFor('release-unwatched'),
  ];
  await install(helm);
});
afterAll(async () => {
  await helm.run('uninstall', RELEASE, '--namespace', own.name, '--ignore-not-found');
  await Promise.all([own, user, second, unwatched].map((each) => each?.remove()));
  await Promise.all([helm, helm3].map((each) => each[Symbol.asyncDispose]()));
});

const install = (by: Helm) =>
  installChart(by, clusterKubectl(), {
    name: RELEASE,
    namespace: own.name,
    // Other rights that are in no namespace could meet another test's.
    values: [
      `watchNamespaces={${user.name},${second.name}}`,
      'rbac.aggregate=false',
      'replicas=2',
      `test.image=${user.image}`,
    ],
    // The tests apply the CRD for all of them.
    takeOwnership: true,
  });

const uninstall = (by: Helm) => by.run('uninstall', RELEASE, '--namespace', own.name, '--wait');

/** Of all its objects in namespaces. */
async function ofTheRelease(): Promise<string> {
  const kinds = 'deployment,service,serviceaccount,role,rolebinding,poddisruptionbudget';
  const labels = `app.kubernetes.io/instance=${RELEASE}`;
  const answers = await Promise.all(
    [own, user, second].map(({ name }) =>
      clusterKubectl()(['get', kinds, '-n', name, '-l', labels, '-o', 'name']),
    ),
  );
  return answers
    .map(({ stdout, stderr }) => stdout + stderr.replace(/^No resources found.*\n/m, ''))
    .join('');
}

/** Waits until its flow pod has ended, whatever its status says. */
async function ended({ name }: TestNamespace, run: string): Promise<void> {
  const labels = `flowrun.dev/name=${run},flowrun.dev/role=flow`;
  const succeeded = '--for=jsonpath={.status.phase}=Succeeded';
  const { stderr } = await clusterKubectl()([
    'wait',
    succeeded,
    'pod',
    '-n',
    name,
    '-l',
    labels,
    '--timeout=30s',
  ]);
  expect(stderr).toBe('');
}

async function uidsOf(space: TestNamespace, labels: string): Promise<string[]> {
  return (await space.list('pod', labels)).map(({ metadata }) => metadata.uid ?? '').toSorted();
}

test('the release tests itself', async () => {
  const said = await helm.run('test', RELEASE, '--namespace', own.name, '--logs');
  expect(said).not.toMatch(/Phase: +(?!Succeeded)\S/);
  expect(said).toContain('200 ok');
  expect(said).toContain('Succeeded: 6');
});

test('runs a flow on a cluster of its own, with no more rights than the chart gives', async () => {
  await user.apply({
    apiVersion: 'flowrun.dev/v1alpha1',
    kind: 'FlowRun',
    metadata: { name: 'first' },
    spec: {
      flow: {
        image: user.image,
        entrypoint: 'first.py:main',
        source: {
          inline: {
            'first.py':
              'def main():\n    from distributed import get_client\n    return get_client().submit(sum, [1, 2, 3]).result()\n',
          },
        },
      },
      executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } },
    },
  });
  await user.waitFor('first', 'CleanedUp', 120);
  const { status } = runOf(await user.get('flowrun', 'first'));
  expect({ phase: status.phase, value: status.result?.value }).toEqual({ phase: 'Succeeded', value: 6 });
  await user.onlyFlowPodsLeft('flowrun.dev/name=first');
  const pods = await own.list('pod', OPERATOR_PODS);
  expect(pods).toHaveLength(2);
  const logs = await Promise.all(pods.map((pod) => own.logs(pod.metadata.name ?? '')));
  expect(logs.join('\n')).not.toMatch(/forbidden|cannot (get|list|watch|create|update|patch|delete)/i);
});

test('serves the namespaces it is told, and has no rights in any other', async () => {
  for (const space of [second, unwatched])
    await space.apply({
      apiVersion: 'flowrun.dev/v1alpha1',
      kind: 'FlowRun',
      metadata: { name: 'there' },
      spec: { flow: { image: space.image, command: ['true'] } },
    });
  await second.waitFor('there', 'CleanedUp', 90);
  expect(runOf(await unwatched.get('flowrun', 'there')).status).toEqual({});
  const account = `--as=system:serviceaccount:${own.name}:flowrun-flowrun-operator`;
  const may = async (verb: string, resource: string, namespace: string) =>
    (
      await clusterKubectl()(['auth', 'can-i', verb, resource, account, '--namespace', namespace])
    ).stdout.trim();
  expect(await may('create', 'pods', second.name)).toBe('yes');
  const elsewhere: string[] = [];
  for (const { verbs, resources } of RUN_RULES)
    for (const resource of resources) elsewhere.push(await may(verbs[0] ?? '', resource, unwatched.name));
  expect(new Set(elsewhere)).toEqual(new Set(['no']));
  expect(await may('get', 'secrets', second.name)).toBe('no');
});

test('an upgrade replaces the operator, and a run in flight keeps its attempt and its pods', async () => {
  await beginWaiting(user, 'upgraded');
  const pods = await uidsOf(user, 'flowrun.dev/name=upgraded');
  expect(pods).toHaveLength(3);
  const replaced = await uidsOf(own, OPERATOR_PODS);
  const change = ['--reuse-values', '--set', 'config.sampleSeconds=4'];
  await helm.run(
    'upgrade',
    RELEASE,
    CHART,
    '--namespace',
    own.name,
    ...change,
    '--wait',
    '--timeout',
    '120s',
  );
  await eventually('only new operators are left', async () =>
    (await uidsOf(own, OPERATOR_PODS)).every((uid) => !replaced.includes(uid)),
  );
  expect(await uidsOf(user, 'flowrun.dev/name=upgraded')).toEqual(pods);
  await letEnd(user, 'upgraded');
  const [flow] = await endsWell(user, 'upgraded');
  expect(pods).toContain(flow?.metadata.uid);
});

test('an uninstall leaves runs, their pods and the CRD, and nothing of its own; the next install ends the runs', async () => {
  await beginWaiting(user, 'left');
  const pods = await uidsOf(user, 'flowrun.dev/name=left');
  await uninstall(helm);
  expect(await ofTheRelease()).toBe('');
  await eventually('no operator is left', async () => (await uidsOf(own, OPERATOR_PODS)).length === 0);
  await letEnd(user, 'left');
  await ended(user, 'left');
  expect(await uidsOf(user, 'flowrun.dev/name=left')).toEqual(pods);
  expect(runOf(await user.get('flowrun', 'left')).status.phase).toBe('Running');

  await install(helm3);
  await endsWell(user, 'left');
  await uninstall(helm3);
  expect(await ofTheRelease()).toBe('');
  expect(runOf(await user.get('flowrun', 'left')).status.phase).toBe('Succeeded');
}, 300_000);
