import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { CHART, type Helm, helmFor } from '../support/helm.ts';
import { clusterKubectl } from '../support/namespace.ts';

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const run = clusterKubectl();
  const answer = await run(args, input);
  if (answer.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${answer.stderr}`);
  return answer.stdout;
}

describe.each([4, 3] as const)('the chart in Helm %i', (major) => {
  let helm: Helm;

  beforeAll(async () => {
    helm = await helmFor(inject('kubeconfig'), { major });
  });
  afterAll(() => helm[Symbol.asyncDispose]());

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
});

test('the chart uses no value that values.yaml does not have', async () => {
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
