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
