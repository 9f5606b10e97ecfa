import { type PodRole, type RunRef, childName } from '../core/names.ts';
import { TLS_PATH } from '../core/pod-template.ts';
import type { Resolved } from '../core/resolved.ts';
import type { Manifest } from './object.ts';
import { filesChildMetadata } from './owner.ts';
import type { Variable } from './pod.ts';

const VOLUME = 'flowrun-tls';
const FILES = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const;

/**
 * The immutable Secret with which the pods of one attempt know each other: the CA's certificate, one certificate for all of them and
 * its key. It belongs to the attempt's ConfigMap, so the garbage collector takes it away with that: the operator need not be able
 * to read, list or delete Secrets.
 */
export function tlsSecret(
  run: RunRef,
  attempt: number,
  credentials: { ca: string; cert: string; key: string },
  files: { name: string; uid: string },
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: filesChildMetadata(run, attempt, 'tls', files),
    type: 'Opaque',
    immutable: true,
    // PEM is ASCII.
    data: {
      [FILES.ca]: btoa(credentials.ca),
      [FILES.cert]: btoa(credentials.cert),
      [FILES.key]: btoa(credentials.key),
    },
  };
}

/**
 * What a pod needs to take part: the Secret, and Dask's settings for whatever it is in that pod. Only scheduler and workers insist
 * on encryption: a flow may still make a `LocalCluster` of its own.
 */
export function tlsParts(
  run: RunRef,
  attempt: number,
  { cluster }: Resolved,
  role: PodRole,
): { env: Variable[]; volumes: object[]; volumeMounts: object[] } {
  if (cluster?.security !== 'tls') return { env: [], volumes: [], volumeMounts: [] };
  const setting = (name: string, value: string): Variable => ({
    name: `DASK_DISTRIBUTED__COMM__${name}`,
    value,
  });
  const each = ['SCHEDULER', 'WORKER', 'CLIENT'].flatMap((who) => [
    setting(`TLS__${who}__CERT`, `${TLS_PATH}/${FILES.cert}`),
    setting(`TLS__${who}__KEY`, `${TLS_PATH}/${FILES.key}`),
  ]);
  return {
    env: [
      setting('TLS__CA_FILE', `${TLS_PATH}/${FILES.ca}`),
      ...each,
      ...(role === 'flow' ? [] : [setting('REQUIRE_ENCRYPTION', 'True')]),
    ],
    volumes: [{ name: VOLUME, secret: { secretName: childName(run, attempt, 'tls') } }],
    volumeMounts: [{ name: VOLUME, mountPath: TLS_PATH, readOnly: true }],
  };
}
