// What somebody who may create FlowRuns could try, beyond running pods in that namespace, and who refuses it.

export interface Attack {
  what: string;
  flow?: object;
  kwargs?: object;
}

/** A FlowRun that tries it. No node has its image: what matters is which pods there are, and what they are. */
export const manifest = (name: string, { flow = {}, kwargs }: Omit<Attack, 'what'>, more: object = {}) => ({
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { name },
  spec: {
    flow: { image: 'localhost/nowhere:1', entrypoint: 'flow.py:main', ...flow },
    ...(kwargs === undefined ? {} : { executor: { type: 'DaskExecutor', clusterKwargs: kwargs } }),
    ...more,
  },
});

const template = (spec: object, metadata: object = {}) => ({ template: { metadata, spec } });
const container = (settings: object) => template({ containers: [{ name: 'flow', ...settings }] });
/** A path of the node. */
export const host = { name: 'host', hostPath: { path: '/etc' } };

export const BY_THE_SERVER: readonly (Attack & { says: RegExp })[] = [
  ...['../passwd', '/etc/passwd', 'a/../../b', 'a/./b', 'a\\..\\b'].map((path) => ({
    what: `a source file ${path}`,
    flow: { source: { inline: { [path]: '' } } },
    says: /inline/,
  })),
  { what: 'a field that does not exist', flow: { serviceAccountToken: 'x' }, says: /unknown field/ },
];

type Row = [what: string, part: object, says: string];

const METADATA: readonly Row[] = [
  ['another name', { name: 'victim' }, 'name'],
  ['another namespace', { namespace: 'kube-system' }, 'namespace'],
  ['another owner', { ownerReferences: [] }, 'ownerReferences'],
  ['a finalizer', { finalizers: ['a/b'] }, 'finalizers'],
  ['a label of the operator’s', { labels: { 'flowrun.dev/uid': 'x' } }, 'labels'],
  ['an annotation of the operator’s', { annotations: { 'flowrun.dev/x': 'y' } }, 'annotations'],
];

const SPEC: readonly Row[] = [
  ['a node past the scheduler', { nodeName: 'control-plane' }, 'nodeName'],
  ['the host’s network', { hostNetwork: true }, 'hostNetwork'],
  ['the host’s processes', { hostPID: true }, 'hostPID'],
  ['the host’s memory', { hostIPC: true }, 'hostIPC'],
  ['no end', { restartPolicy: 'Always' }, 'restartPolicy'],
  ['a deadline that looks like a stop', { activeDeadlineSeconds: 1 }, 'activeDeadlineSeconds'],
  ['an ephemeral container', { ephemeralContainers: [{ name: 'e' }] }, 'ephemeralContainers'],
  ['the volume of the keys', { volumes: [{ name: 'flowrun-tls', emptyDir: {} }] }, 'flowrun-tls'],
  ['another command', { containers: [{ name: 'flow', command: ['sh'] }] }, 'command'],
  [
    'another command in a second container of the name',
    { containers: [{ name: 'flow' }, { name: 'flow', command: ['sh'] }] },
    'command',
  ],
  ['a mount over the programs', mounting('/flowrun'), '/flowrun'],
  ['a mount over the keys, by a detour', mounting('/tmp/../flowrun-tls/'), '/flowrun-tls'],
  ['the operator’s port', { containers: [{ name: 'flow', ports: [{ containerPort: 8788 }] }] }, '8788'],
  [
    'another identity',
    { containers: [{ name: 'flow', env: [{ name: 'FLOWRUN_UID', value: 'x' }] }] },
    'FLOWRUN_UID',
  ],
];

export const BY_THE_OPERATOR: readonly (Attack & { reason: string; says: string })[] = [
  ...METADATA.map(([what, metadata, says]) => ({
    what: `a template with ${what}`,
    flow: template({}, metadata),
    reason: 'InvalidTemplate',
    says,
  })),
  ...SPEC.map(([what, spec, says]) => ({
    what: `a template with ${what}`,
    flow: template(spec),
    reason: 'InvalidTemplate',
    says,
  })),
  ...['TLS__CA_FILE', 'TLS__CLIENT__CERT', 'TLS__SCHEDULER__KEY', 'REQUIRE_ENCRYPTION'].map((name) => ({
    what: `the variable ${name} of encryption`,
    flow: { env: [{ name: `DASK_DISTRIBUTED__COMM__${name}`, value: '' }] },
    kwargs: {},
    reason: 'ReservedField',
    says: name,
  })),
  {
    what: 'encryption turned off for the workers by a variable',
    kwargs: { env: { DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'False' } },
    reason: 'InvalidClusterKwargs',
    says: 'REQUIRE_ENCRYPTION',
  },
  {
    what: 'another scheduler',
    flow: { env: [{ name: 'DASK_SCHEDULER_ADDRESS', value: 'tls://elsewhere:1' }] },
    kwargs: {},
    reason: 'ReservedField',
    says: 'DASK_SCHEDULER_ADDRESS',
  },
  {
    what: 'a label that makes a pod a worker',
    flow: { labels: { 'flowrun.dev/role': 'worker' } },
    reason: 'ReservedField',
    says: 'flowrun.dev/role',
  },
  {
    what: 'a worker group named like a selector',
    kwargs: { worker_groups: { 'a,flowrun.dev/uid=x': {} } },
    reason: 'InvalidClusterKwargs',
    says: 'a,flowrun.dev/uid=x',
  },
  ...[
    { what: 'a path of the node', flow: { volumes: [host] }, says: 'hostPath' },
    { what: 'a path of the node in a template', flow: template({ volumes: [host] }), says: 'hostPath' },
    {
      what: 'a path of the node in the workers',
      kwargs: { worker_pod_template: { spec: { volumes: [host] } } },
      says: 'hostPath',
    },
    {
      what: 'a path of the node in the scheduler',
      kwargs: { scheduler_pod_template: { spec: { volumes: [host] } } },
      says: 'hostPath',
    },
    { what: 'privilege', flow: container({ securityContext: { privileged: true } }), says: 'privileged' },
    {
      what: 'privilege in an init container',
      flow: template({ initContainers: [{ name: 'i', image: 'i', securityContext: { privileged: true } }] }),
      says: 'privileged',
    },
    {
      what: 'a capability',
      flow: container({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
      says: 'SYS_ADMIN',
    },
    {
      what: 'a port of the host',
      flow: container({ ports: [{ containerPort: 80, hostPort: 80 }] }),
      says: 'hostPort',
    },
    {
      what: 'no seccomp',
      flow: { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      says: 'seccompProfile',
    },
  ].map((attack) => ({ ...attack, reason: 'PodPolicyViolated' })),
];

function mounting(mountPath: string) {
  return {
    containers: [{ name: 'flow', volumeMounts: [{ name: 'x', mountPath }] }],
    volumes: [{ name: 'x', emptyDir: {} }],
  };
}
