import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { apiServer, controllerManager } from './components.ts';
import { planCluster } from './plan.ts';
import type { Shape } from './plan.ts';
import { settingsFor } from './settings.ts';

const plan = planCluster('demo', 1, '/state/demo', false);
const settings = settingsFor(plan, '/usr/lib/cni');
const shape: Shape = { controlPlaneOnly: false, controllerManager: true, scheduler: true, audit: false };

function yaml(file: string): unknown {
  const documents = parseAllDocuments(settings[file] ?? '');
  expect(documents).toHaveLength(1);
  expect(documents[0]?.errors).toEqual([]);
  return documents[0]?.toJS();
}

describe('the settings of a cluster', () => {
  test('keep the kubelet within its own cgroup and never let it remove an image that nobody can pull again', () => {
    expect(yaml('kubelet.yaml')).toMatchObject({
      cgroupRoot: '/flowrun-demo',
      clusterDNS: ['10.246.1.2'],
      evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%' },
      imageGCHighThresholdPercent: 100,
      resolvConf: '/state/demo/settings/resolv.conf',
    });
  });

  test('tell the proxy which addresses are pods', () => {
    expect(yaml('proxy.yaml')).toMatchObject({ mode: 'nftables', clusterCIDR: '10.244.16.0/20' });
  });

  test('give pods addresses of the cluster’s range only', () => {
    const schema = z.object({ plugins: z.array(z.object({ type: z.string(), ipam: z.unknown() })) });
    const { plugins } = schema.parse(JSON.parse(settings['cni/10-flowrun.conflist'] ?? ''));
    expect(plugins).toMatchObject([{ type: 'ptp', ipam: { ranges: [[{ subnet: '10.244.16.0/20' }]] } }]);
  });

  test('audit neither watches nor the cluster’s own parts', () => {
    const policy = z
      .object({ rules: z.array(z.object({ level: z.string() }).loose()) })
      .parse(yaml('audit.yaml'));
    expect(policy.rules[0]).toEqual({ level: 'None', verbs: ['watch'] });
    expect(policy.rules.at(-1)).toEqual({ level: 'Metadata' });
  });
});

describe('the API server', () => {
  test.each([
    { change: {}, has: '--profiling=false', hasNot: '--audit-log-path' },
    {
      change: { audit: true },
      has: '--audit-log-path=/state/demo/log/audit.log',
      hasNot: '--disable-admission',
    },
    {
      change: { controllerManager: false },
      has: '--disable-admission-plugins=ServiceAccount',
      hasNot: '--audit',
    },
    {
      change: { controlPlaneOnly: true },
      has: '--endpoint-reconciler-type=none',
      hasNot: '--disable-admission',
    },
  ])('with $change has $has', ({ change, has, hasNot }) => {
    const { args } = apiServer(plan, { ...shape, ...change });
    expect(args).toContain(has);
    expect(args.filter((arg) => arg.startsWith(hasNot))).toEqual([]);
  });
});

test('the controller manager evicts nobody from the nodes that a test plays', () => {
  const options = (controlPlaneOnly: boolean) =>
    controllerManager(plan, { ...shape, controlPlaneOnly }).args.join(' ');
  expect(options(true)).toContain('-node-lifecycle-controller');
  expect(options(false)).not.toContain('--controllers');
});
