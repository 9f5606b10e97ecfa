import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { RUN_RULES } from '../../src/manifests/rbac.ts';
import { CHART, type Helm, helmFor } from '../support/helm.ts';
import { kubectlOf } from '../support/kubectl.ts';
import { namespaceFor, runOf, type TestNamespace } from '../support/namespace.ts';
import { installChart } from '../support/release.ts';

let helm: Helm;

beforeAll(async () => {
  helm = await helmFor(inject('kubeconfig'));
});
afterAll(() => helm[Symbol.asyncDispose]());

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const run = kubectlOf({ kubectl: inject('kubectl'), kubeconfig: inject('kubeconfig') });
  const answer = await run(args, input);
  if (answer.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${answer.stderr}`);
  return answer.stdout;
}

describe('the chart', () => {
  test('passes a strict lint', async () => {
    expect(await helm.run('lint', '--strict', CHART)).toContain('0 chart(s) failed');
  });

  test.each([
    ['with its defaults', []],
    ['for two namespaces', ['--set', 'watchNamespaces={default,kube-public}']],
    [
      'with everything on',
      [
        '--set',
        'replicas=3,networkPolicy.enabled=true,metrics.dashboard.enabled=true,priorityClassName=system-cluster-critical',
      ],
    ],
    ['with settings of the operator', ['--set', 'config.workersPerRun=20,config.defaultImage=me/flows:1']],
    ['without account, rights and CRD', ['--set', 'serviceAccount.create=false,serviceAccount.name=default']],
  ])('%s renders objects that the API server takes as they are', async (_, args) => {
    const rendered = await helm.run('template', 'flowrun', CHART, '--no-hooks', ...args);
    const answer = await kubectl(
      ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'],
      rendered,
    );
    expect(answer.trim().split('\n')).toHaveLength(
      parseAllDocuments(rendered).filter((document) => document.toJS() !== null).length,
    );
  });

  test.each([
    ['an unknown value', 'replica=2', /additional properties 'replica' not allowed/],
    ['a wrong type', 'replicas=many', /replicas.*got string, want integer/],
    ['an unknown setting of the operator', 'config.workers=2', /additional properties 'workers' not allowed/],
    ['no account at all', 'serviceAccount.create=false', /serviceAccount.name must name an existing account/],
  ])('refuses %s and says what is wrong', async (_, set, message) => {
    await expect(helm.run('template', 'flowrun', CHART, '--set', set)).rejects.toThrow(message);
  });

  test('uses no value that values.yaml does not have', async () => {
    const values: unknown = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'));
    const files = await readdir(join(CHART, 'templates'), { recursive: true, withFileTypes: true });
    const used = new Set<string>();
    for (const file of files.filter((each) => each.isFile())) {
      const text = await readFile(join(file.parentPath, file.name), 'utf8');
      for (const [, path] of text.matchAll(/\.Values\.([\w.]+)/g)) used.add(path ?? '');
    }
    expect(used.size).toBeGreaterThan(15);
    const missing = [...used].filter((path) => {
      const value = path
        .split('.')
        .reduce<unknown>(
          (outer, key) => (typeof outer === 'object' && outer !== null ? Reflect.get(outer, key) : undefined),
          values,
        );
      return value === undefined;
    });
    expect(missing).toEqual([]);
  });
});

describe('installed in a namespace of the Pod Security level restricted', () => {
  const RELEASE = 'flowrun';
  let own: TestNamespace;
  let user: TestNamespace;
  let second: TestNamespace;
  let unwatched: TestNamespace;

  beforeAll(async () => {
    const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    [own, user, second, unwatched] = [
      await namespaceFor('chart', restricted),
      await namespaceFor('chart-user', restricted),
      await namespaceFor('chart-second', restricted),
      await namespaceFor('chart-unwatched'),
    ];
    await installChart(helm, kubectlOf({ kubectl: inject('kubectl'), kubeconfig: inject('kubeconfig') }), {
      name: RELEASE,
      namespace: own.name,
      // The tests apply the CRD for all of them; what is not in a namespace could meet another test's.
      values: [
        'crds.enabled=false',
        `watchNamespaces={${user.name},${second.name}}`,
        'rbac.aggregate=false',
        'replicas=2',
        `test.image=${user.image}`,
      ],
    });
  });
  afterAll(async () => {
    await helm.run('uninstall', RELEASE, '--namespace', own.name, '--ignore-not-found');
    await Promise.all([own, user, second, unwatched].map((each) => each?.remove()));
  });

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
    const pods = await own.list('pod', 'app.kubernetes.io/name=flowrun-operator');
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
    const may = async (verb: string, resource: string, namespace: string) => {
      const run = kubectlOf({ kubectl: inject('kubectl'), kubeconfig: inject('kubeconfig') });
      return (await run(['auth', 'can-i', verb, resource, account, '--namespace', namespace])).stdout.trim();
    };
    expect(await may('create', 'pods', second.name)).toBe('yes');
    const elsewhere: string[] = [];
    for (const { verbs, resources } of RUN_RULES)
      for (const resource of resources) elsewhere.push(await may(verbs[0] ?? '', resource, unwatched.name));
    expect(new Set(elsewhere)).toEqual(new Set(['no']));
    expect(await may('get', 'secrets', second.name)).toBe('no');
  });

  test('leaves nothing in its namespaces when it is uninstalled', async () => {
    await helm.run('uninstall', RELEASE, '--namespace', own.name, '--wait');
    const kinds = 'deployment,service,serviceaccount,role,rolebinding,poddisruptionbudget';
    for (const space of [own, user, second])
      expect(
        await kubectl([
          'get',
          kinds,
          '-n',
          space.name,
          '-l',
          `app.kubernetes.io/instance=${RELEASE}`,
          '-o',
          'name',
        ]),
      ).toBe('');
  });
});
