import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../../src/kube/client.ts';
import type { Resource } from '../../../src/kube/resource.ts';
import { type World, begin } from './world.ts';

const REVIEW: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

let world: World;
let directory: string;
beforeAll(async () => {
  world = await begin('kube-credentials');
  directory = await mkdtemp(join(tmpdir(), 'credentials-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await world[Symbol.asyncDispose]();
});

/** Configured as in a pod: a token in a file that somebody else replaces. */
function inCluster(tokenFile: string): Client {
  const source = new KubeConfig();
  source.loadFromFile(world.kubeconfig);
  const { server = '', caData, caFile } = source.getCurrentCluster() ?? {};
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(
    {
      name: 'c',
      server,
      skipTLSVerify: false,
      ...(caData !== undefined && { caData }),
      ...(caFile !== undefined && { caFile }),
    },
    { name: 'u', authProvider: { name: 'tokenFile', config: { tokenFile } } },
  );
  return new Client(kubeConfig);
}

async function whoAmI(client: Client): Promise<string> {
  const review = await client.create(REVIEW, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: REVIEW.kind,
    metadata: {},
  });
  return JSON.stringify(review['status']);
}

test('a token that was replaced in its file is taken up as soon as the old one is refused', async () => {
  const file = join(directory, 'token');
  await world.kubectl('create', 'serviceaccount', 'robot', '--namespace', 'default');
  await writeFile(file, 'long expired\n');
  const client = inCluster(file);
  await expect(whoAmI(client)).rejects.toMatchObject({ status: 401 });
  await writeFile(file, await world.kubectl('create', 'token', 'robot', '--namespace', 'default'));
  expect(await whoAmI(client)).toContain('system:serviceaccount:default:robot');
  await client.close();
});

test('a token file that is missing is an error that names it, and is looked for again', async () => {
  const file = join(directory, 'missing');
  const client = inCluster(file);
  await expect(whoAmI(client)).rejects.toThrow(file);
  await writeFile(file, await world.kubectl('create', 'token', 'robot', '--namespace', 'default'));
  expect(await whoAmI(client)).toContain('robot');
  await client.close();
});

test('a kubeconfig without a cluster is refused with what to do', () => {
  expect(() => new Client(new KubeConfig())).toThrow('set current-context');
});
