import { GROUP, KIND, VERSION } from '../api/flow-run.ts';
import { type Role, type RunRef, type WorkerRef, childName, labels } from '../core/names.ts';
import type { Manifest } from './object.ts';

/** Metadata that every child has: garbage collection finds it by its owner, the operator by its labels. */
export function childMetadata(
  run: RunRef,
  attempt: number,
  role: Role,
  worker?: WorkerRef,
): Manifest['metadata'] {
  return {
    name: childName(run, attempt, role, worker?.ordinal),
    namespace: run.namespace,
    labels: labels(run, attempt, role, worker),
    ownerReferences: [
      { apiVersion: `${GROUP}/${VERSION}`, kind: KIND, name: run.name, uid: run.uid, controller: true },
    ],
  };
}

/** Of a child that goes with the attempt's ConfigMap, `files`: the operator need not be able to read or delete any of its kind. */
export function filesChildMetadata(
  run: RunRef,
  attempt: number,
  role: Role,
  files: { name: string; uid: string },
): Manifest['metadata'] {
  return {
    ...childMetadata(run, attempt, role),
    ownerReferences: [
      { apiVersion: 'v1', kind: 'ConfigMap', name: files.name, uid: files.uid, controller: true },
    ],
  };
}
