import { expect, test } from 'vitest';
import { type NetworkPolicyView, admits, networkPolicyView } from './network-policy.ts';

const policy = (spec: object): NetworkPolicyView =>
  networkPolicyView.parse({ metadata: { namespace: 'a' }, spec: { policyTypes: ['Ingress'], ...spec } });
const peer = (namespace: string, labels: Record<string, string> = {}) => ({
  namespace,
  namespaceLabels: { name: namespace },
  labels,
});
const all = { podSelector: {} };

test.each([
  ['no policy at all', [], true],
  ['a policy that selects others', [policy({ podSelector: { matchLabels: { role: 'db' } } })], true],
  ['a policy about what goes out', [policy({ ...all, policyTypes: ['Egress'] })], true],
  ['a policy without rules', [policy(all)], false],
  ['an empty rule', [policy({ ...all, ingress: [{}] })], true],
  [
    'a rule of another port',
    [policy({ ...all, ingress: [{ ports: [{ protocol: 'TCP', port: 81 }] }] })],
    false,
  ],
  [
    'a range that holds the port',
    [policy({ ...all, ingress: [{ ports: [{ protocol: 'TCP', port: 1, endPort: 80 }] }] })],
    true,
  ],
  [
    'a rule for pods of the own namespace',
    [policy({ ...all, ingress: [{ from: [{ podSelector: { matchLabels: { role: 'web' } } }] }] })],
    false,
  ],
  [
    'a rule for that namespace',
    [policy({ ...all, ingress: [{ from: [{ namespaceSelector: { matchLabels: { name: 'b' } } }] }] })],
    true,
  ],
  [
    'a rule for other pods of that namespace',
    [
      policy({
        ...all,
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { name: 'b' } },
                podSelector: { matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['web'] }] },
              },
            ],
          },
        ],
      }),
    ],
    false,
  ],
  ['two policies, of which one admits', [policy(all), policy({ ...all, ingress: [{}] })], true],
])('%s', (_, policies, admitted) => {
  expect(admits(policies, peer('b', { role: 'web' }), peer('a', { role: 'api' }), 80)).toBe(admitted);
});

test('a policy of a kind that is not judged is not read', () => {
  expect(() => policy({ ...all, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })).toThrow(
    /ipBlock/,
  );
});
