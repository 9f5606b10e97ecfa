import { z } from 'zod';

const labels = z.record(z.string(), z.string()).default({});
const selector = z.object({
  matchLabels: labels,
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});
type Selector = z.infer<typeof selector>;

/** As much of a NetworkPolicy as admits connections; parsing fails on a rule of a kind that is not judged here. */
export const networkPolicyView = z.object({
  metadata: z.object({ namespace: z.string() }),
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: z
      .array(
        z.strictObject({
          from: z
            .array(
              z.strictObject({ podSelector: selector.optional(), namespaceSelector: selector.optional() }),
            )
            .default([]),
          ports: z
            .array(z.strictObject({ protocol: z.string(), port: z.int(), endPort: z.int().optional() }))
            .default([]),
        }),
      )
      .default([]),
  }),
});
export type NetworkPolicyView = z.infer<typeof networkPolicyView>;

export interface Peer {
  namespace: string;
  namespaceLabels: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
}

/**
 * Whether these policies let `from` open a TCP connection to `port` of `to`, as the API describes them: a pod that no policy selects
 * takes everything, one that is selected what at least one rule admits.
 */
export function admits(policies: readonly NetworkPolicyView[], from: Peer, to: Peer, port: number): boolean {
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.policyTypes.includes('Ingress') &&
      matches(spec.podSelector, to.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) =>
    spec.ingress.some(
      ({ from: peers, ports }) =>
        (ports.length === 0 ||
          ports.some(
            ({ protocol, port: first, endPort = first }) =>
              protocol === 'TCP' && port >= first && port <= endPort,
          )) &&
        (peers.length === 0 ||
          peers.some(
            ({ podSelector, namespaceSelector }) =>
              (namespaceSelector === undefined
                ? from.namespace === metadata.namespace
                : matches(namespaceSelector, from.namespaceLabels)) &&
              (podSelector === undefined || matches(podSelector, from.labels)),
          )),
    ),
  );
}

function matches({ matchLabels, matchExpressions }: Selector, on: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => on[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = on[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    })
  );
}
