import { GROUP, PLURAL } from '../api/flow-run.ts';

/** In the operator's own namespace. Whoever reads it can pass for any scheduler, worker or operator of any run. */
export const SEED_SECRET = 'flowrun-operator-seed';

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** A right, and what the operator needs it for. */
export interface Right extends PolicyRule {
  why: string;
}

/** What the operator does to runs and their children, wherever they are. Nothing here is a wildcard, no Secret is read or deleted. */
export const RUN_RIGHTS: readonly Right[] = [
  {
    apiGroups: [GROUP],
    resources: [PLURAL],
    verbs: ['list', 'watch', 'delete'],
    why: 'To know the runs; `delete` for `ttlSecondsAfterFinished`.',
  },
  {
    apiGroups: [GROUP],
    resources: [`${PLURAL}/status`],
    verbs: ['update'],
    why: 'To write what became of a run, fenced by the version it was decided from.',
  },
  {
    apiGroups: [''],
    resources: ['pods'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete', 'deletecollection'],
    why: 'Flow, scheduler and workers; `patch` stops a flow by its deadline, so that its logs stay; `get` looks past the cache before a flow pod counts as lost.',
  },
  {
    apiGroups: [''],
    resources: ['services', 'configmaps'],
    verbs: ['get', 'list', 'watch', 'create', 'delete'],
    why: "The scheduler's address, and the files of an attempt; `get` when one is there already, after a crash or a lost answer.",
  },
  {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: ['create'],
    why: 'The certificates of an attempt. They are taken away by the garbage collector; no Secret of a user can be read.',
  },
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: ['create'],
    why: 'The fence around a Dask cluster, taken away by the garbage collector.',
  },
  {
    apiGroups: ['events.k8s.io'],
    resources: ['events'],
    verbs: ['create', 'patch'],
    why: 'To tell what happens; `patch` counts repetitions.',
  },
];

/** What it does in its own namespace only. */
export const OWN_RIGHTS: readonly Right[] = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'update'],
    why: 'To elect a leader among its replicas.',
  },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'], why: 'To make the seed of all keys, once.' },
  {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [SEED_SECRET],
    verbs: ['get'],
    why: 'To read that seed, and no other Secret.',
  },
];

const rules = (rights: readonly Right[]): PolicyRule[] => rights.map(({ why: _why, ...rule }) => rule);

export const RUN_RULES: readonly PolicyRule[] = rules(RUN_RIGHTS);
export const OWN_RULES: readonly PolicyRule[] = rules(OWN_RIGHTS);

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
