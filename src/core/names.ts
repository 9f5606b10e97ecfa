export type Role = 'flow' | 'scheduler' | 'worker' | 'files' | 'service';

/** Labels on every child; together they select exactly the children of one attempt and role. */
export const LABELS = {
  name: 'flowrun.dev/name',
  uid: 'flowrun.dev/uid',
  attempt: 'flowrun.dev/attempt',
  role: 'flowrun.dev/role',
  ordinal: 'flowrun.dev/ordinal',
} as const;

export interface RunRef {
  name: string;
  namespace: string;
  uid: string;
}

/**
 * Name of a child: `<name cut to 30>-<8 hex of the UID>-<attempt>-<role>[-<ordinal>]`. Deterministic, so that a
 * repeated create meets its own child, and different for a re-created FlowRun of the same name. The Service has the
 * scheduler's name.
 */
export function childName(
  run: Pick<RunRef, 'name' | 'uid'>,
  attempt: number,
  role: Role,
  ordinal?: number,
): string {
  const name = run.name.slice(0, 30).replace(/-+$/, '');
  const uid = run.uid.replaceAll('-', '').slice(0, 8);
  const stem = `${name}-${uid}-${attempt}-${role === 'service' ? 'scheduler' : role}`;
  return ordinal === undefined ? stem : `${stem}-${ordinal}`;
}

export function childLabels(
  run: RunRef,
  attempt: number,
  role: Role,
  ordinal?: number,
): Record<string, string> {
  return {
    'app.kubernetes.io/managed-by': 'flowrun-operator',
    [LABELS.name]: run.name,
    [LABELS.uid]: run.uid,
    [LABELS.attempt]: String(attempt),
    [LABELS.role]: role,
    ...(ordinal === undefined ? {} : { [LABELS.ordinal]: String(ordinal) }),
  };
}

export function selectorFor(uid: string, attempt: number, roles: readonly Role[]): string {
  return `${LABELS.uid}=${uid},${LABELS.attempt}=${attempt},${LABELS.role} in (${roles.join(',')})`;
}
