import { LABELS, type RunRef } from '../core/names.ts';
import { PORTS } from '../core/pod-template.ts';
import type { Manifest } from './object.ts';
import { filesChildMetadata } from './owner.ts';

/** The pods that operators run as: all their replicas, and nobody else's. */
export interface OperatorPods {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}

const LAST_PORT = 65_535;

/**
 * Who may reach the attempt's scheduler and workers: its own pods, at every port but the operator's; and at that one the
 * operator. Pods of other runs, of other attempts and of other users are kept out, by clusters whose network enforces
 * policies. The flow pod is left as it is, and so is whatever goes out. The policy belongs to the attempt's ConfigMap and
 * is taken away with it: the operator need not be able to read or delete any.
 */
export function networkPolicy(
  run: RunRef,
  attempt: number,
  operator: OperatorPods,
  files: { name: string; uid: string },
): Manifest {
  const own = { [LABELS.uid]: run.uid, [LABELS.attempt]: String(attempt) };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: filesChildMetadata(run, attempt, 'network', files),
    spec: {
      podSelector: {
        matchLabels: own,
        matchExpressions: [{ key: LABELS.role, operator: 'In', values: ['scheduler', 'worker'] }],
      },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: own } }],
          // Workers listen wherever there is room.
          ports: [
            { protocol: 'TCP', port: 1, endPort: PORTS.operator - 1 },
            { protocol: 'TCP', port: PORTS.operator + 1, endPort: LAST_PORT },
          ],
        },
        {
          from: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': operator.namespace } },
              podSelector: { matchLabels: { ...operator.labels } },
            },
          ],
          ports: [{ protocol: 'TCP', port: PORTS.operator }],
        },
      ],
    },
  };
}
