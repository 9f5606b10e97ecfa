import { GROUP, PLURAL } from '../api/flow-run.ts';

/** In the operator's own namespace. Whoever reads it can pass for any scheduler, worker or operator of any run. */
export const SEED_SECRET = 'flowrun-operator-seed';

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** What the operator does to runs and their children, wherever they are. Nothing here is a wildcard, no Secret is read or deleted. */
export const RUN_RULES: readonly PolicyRule[] = [
  // delete: `ttlSecondsAfterFinished`.
  { apiGroups: [GROUP], resources: [PLURAL], verbs: ['get', 'list', 'watch', 'delete'] },
  { apiGroups: [GROUP], resources: [`${PLURAL}/status`], verbs: ['update', 'patch'] },
  // patch: a flow is stopped by its deadline, so that its logs stay.
  {
    apiGroups: [''],
    resources: ['pods'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete', 'deletecollection'],
  },
  {
    apiGroups: [''],
    resources: ['services', 'configmaps'],
    verbs: ['get', 'list', 'watch', 'create', 'delete'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['create'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
];

/** What it does in its own namespace only: leader election, and the seed of all keys. */
export const OWN_RULES: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: [SEED_SECRET], verbs: ['get'] },
];

export interface RbacOptions {
  /** Name of all roles and bindings. */
  name: string;
  /** Where the operator runs. */
  namespace: string;
  serviceAccountName: string;
  labels?: Record<string, string>;
}

/** The rights of the operator's ServiceAccount, as objects to apply. */
export function rbac({ name, namespace, serviceAccountName, labels = {} }: RbacOptions) {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'ServiceAccount', name: serviceAccountName, namespace }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name, labels }, rules: RUN_RULES },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects,
    },
    { apiVersion, kind: 'Role', metadata: { name, namespace, labels }, rules: OWN_RULES },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name, namespace, labels },
      roleRef: { apiGroup, kind: 'Role', name },
      subjects,
    },
  ];
}
