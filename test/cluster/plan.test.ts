import { describe, expect, test } from 'vitest';
import { checkName, chooseSlot, planCluster, SLOTS } from './plan.ts';

const slots = Array.from({ length: SLOTS }, (_, slot) => slot);

describe('the address plan', () => {
  test('gives a node and everything on it addresses of its slot', () => {
    expect(planCluster('demo', 3, '/state/demo', false)).toMatchObject({
      address: '10.246.3.2',
      server: 'https://10.246.3.2:6443',
      hostAddress: '10.246.3.1',
      podRange: '10.244.48.0/20',
      serviceRange: '10.245.48.0/20',
      serviceAddress: '10.245.48.1',
      link: 'flowrun3',
      nodeName: 'demo-node',
      cgroup: 'flowrun-demo',
      kubeconfig: '/state/demo/kubeconfig',
    });
  });

  test('puts a control plane alone on a loopback address, which needs no root', () => {
    expect(planCluster('unit', 15, '/state/unit', true).server).toBe('https://127.77.15.1:6443');
  });

  test.each([true, false])(
    'never gives two slots the same address, range or link (control plane only: %s)',
    (alone) => {
      const plans = slots.map((slot) => planCluster('x', slot, '', alone));
      for (const key of ['address', 'hostAddress', 'podRange', 'serviceRange', 'link'] as const) {
        expect(new Set(plans.map((plan) => plan[key])).size).toBe(SLOTS);
      }
    },
  );

  test('keeps interface names within the 15 characters of Linux', () => {
    for (const slot of slots) expect(planCluster('x', slot, '', false).link.length).toBeLessThanOrEqual(15);
  });
});

describe('the choice of a slot', () => {
  test('takes the lowest that is neither taken nor unusable', () => {
    expect(chooseSlot(new Set([0, 2]), (slot) => slot !== 1)).toBe(3);
  });

  test('says how to make room when all are taken', () => {
    expect(() => chooseSlot(new Set(slots), () => true)).toThrow('down --wipe');
  });
});

test.each(['', 'A', '-a', 'a-', '1a', 'a'.repeat(33), 'a/b'])('the name %j is refused', (name) => {
  expect(() => checkName(name)).toThrow('lower-case letters');
});
