import { LABELS, type RunRef, childName } from '../core/names.ts';
import { PORTS } from '../core/pod-template.ts';
import type { Resolved } from '../core/resolved.ts';
import type { Manifest } from './object.ts';
import { childMetadata } from './owner.ts';

/**
 * The Service of the attempt's scheduler. It publishes the pod before it is ready: workers and launcher try until the
 * scheduler answers, so nobody waits for a probe.
 */
export function schedulerService(run: RunRef, attempt: number, _resolved: Resolved): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(run, attempt, 'service'),
    spec: {
      type: 'ClusterIP',
      publishNotReadyAddresses: true,
      selector: {
        [LABELS.uid]: run.uid,
        [LABELS.attempt]: String(attempt),
        [LABELS.role]: 'scheduler',
      },
      ports: [
        { name: 'comm', port: PORTS.comm, targetPort: PORTS.comm, protocol: 'TCP' },
        { name: 'operator', port: PORTS.operator, targetPort: PORTS.operator, protocol: 'TCP' },
      ],
    },
  };
}

/** Name of the scheduler's Service, and in its certificate. */
export function schedulerHost(run: RunRef, attempt: number): string {
  return `${childName(run, attempt, 'scheduler')}.${run.namespace}.svc`;
}

/** Where flow and workers find the scheduler; resolved by the search path of their pods, whatever the cluster's domain. */
export function schedulerAddress(run: RunRef, attempt: number, security: 'none' | 'tls'): string {
  return `${security === 'tls' ? 'tls' : 'tcp'}://${schedulerHost(run, attempt)}:${PORTS.comm}`;
}
