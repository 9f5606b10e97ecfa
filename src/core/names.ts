/** Label keys on every child. The values are part of the contract with running attempts: they never change. */
export const LABELS = {
  name: 'flowrun.dev/name',
  uid: 'flowrun.dev/uid',
  attempt: 'flowrun.dev/attempt',
  role: 'flowrun.dev/role',
  ordinal: 'flowrun.dev/ordinal',
  group: 'flowrun.dev/group',
  /** On the scheduler: `tls` or `none`, how it is spoken to. */
  security: 'flowrun.dev/security',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

export const MANAGER = 'flowrun-operator';

/** Labels and annotations under this prefix are the operator's alone. */
export const RESERVED_PREFIX = 'flowrun.dev/';

export type PodRole = 'flow' | 'scheduler' | 'worker';
export type Role = PodRole | 'files' | 'service' | 'tls' | 'network';

export interface RunRef {
  name: string;
  namespace: string;
  uid: string;
}

const NAME_LENGTH = 30;
const UID_LENGTH = 8;

/**
 * `<name cut to 30>-<8 hex of the UID>-<attempt>-<role>[-<ordinal>]`: at most 63 characters, a DNS-1035 label.
 * The Service carries the scheduler's name, which becomes its host name.
 */
export function childName(
  run: Pick<RunRef, 'name' | 'uid'>,
  attempt: number,
  role: Role,
  ordinal?: number,
): string {
  const name = run.name.slice(0, NAME_LENGTH).replace(/-+$/, '');
  const uid = run.uid.replaceAll('-', '').slice(0, UID_LENGTH);
  const shown = role === 'service' ? 'scheduler' : role;
  const parts = [name, uid, attempt, shown];
  return (ordinal === undefined ? parts : [...parts, ordinal]).join('-');
}

/** A worker's number, which no other worker of the attempt ever has, and what kind of worker it is. */
export interface WorkerRef {
  ordinal: number;
  group: string;
}

/** The labels of one child. */
export function labels(
  run: Pick<RunRef, 'name' | 'uid'>,
  attempt: number,
  role: Role,
  worker?: WorkerRef,
): Record<string, string> {
  return {
    [LABELS.managedBy]: MANAGER,
    [LABELS.name]: run.name,
    [LABELS.uid]: run.uid,
    [LABELS.attempt]: String(attempt),
    [LABELS.role]: role,
    ...(worker === undefined
      ? {}
      : { [LABELS.ordinal]: String(worker.ordinal), [LABELS.group]: worker.group }),
  };
}

/** Label selector of the children of one attempt that have one of `roles`. */
export function selectorFor(uid: string, attempt: number, roles: readonly Role[]): string {
  const role = roles.length === 1 ? `${LABELS.role}=${roles[0]}` : `${LABELS.role} in (${roles.join(',')})`;
  return `${LABELS.uid}=${uid},${LABELS.attempt}=${attempt},${role}`;
}

/** Label selector of some workers of one attempt. */
export function workersSelector(uid: string, attempt: number, ordinals: readonly number[]): string {
  return `${selectorFor(uid, attempt, ['worker'])},${LABELS.ordinal} in (${ordinals.join(',')})`;
}
