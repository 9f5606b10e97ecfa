import type { PodTemplate } from './pod-template.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a pod may add to the capabilities of its container, as the Pod Security level baseline has it. */
const CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_syncookies',
]);

const SELINUX_TYPES = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

const INSTEAD =
  "is not allowed by the operator's pod policy; leave it out, or ask who runs the operator (`--pod-policy none`).";

/**
 * What a pod, or a part of one that stands at `field`, takes of its node: paths, namespaces, ports, capabilities. The rules are
 * those of the Pod Security level baseline, which holds here also where the namespace has no level. Sentences.
 */
export function policyProblems(
  field: string,
  pod: PodTemplate | { spec: Json; metadata?: unknown },
): string[] {
  const spec: Json = pod.spec ?? {};
  const annotations = map(map(pod.metadata)['annotations']);
  const bad = (path: string) => `\`${[field, path].filter(Boolean).join('.')}\` ${INSTEAD}`;
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter((key) => spec[key] === true).map((key) => `spec.${key}`),
    ...maps(spec['volumes'])
      .filter((volume) => isGiven(volume['hostPath']))
      .map((volume) => `spec.volumes[${String(volume['name'])}].hostPath`),
    ...security('spec.securityContext', map(spec['securityContext'])),
    ...['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
      maps(spec[list]).flatMap((each) => container(`spec.${list}[${String(each['name'])}]`, each)),
    ),
    ...Object.entries(annotations)
      .filter(
        ([key, value]) =>
          key.startsWith(APPARMOR_ANNOTATION) && !/^(runtime\/default$|localhost\/)/.test(String(value)),
      )
      .map(([key]) => `metadata.annotations[${key}]`),
  ].map(bad);
}

function container(field: string, each: Json): string[] {
  const context = map(each['securityContext']);
  const { add } = map(context['capabilities']);
  return [
    ...(context['privileged'] === true ? [`${field}.securityContext.privileged`] : []),
    ...(Array.isArray(add) ? add : [])
      .filter((capability) => !CAPABILITIES.has(String(capability)))
      .map((capability) => `${field}.securityContext.capabilities.add[${String(capability)}]`),
    ...(isGiven(context['procMount']) && context['procMount'] !== 'Default'
      ? [`${field}.securityContext.procMount`]
      : []),
    ...security(`${field}.securityContext`, context),
    ...maps(each['ports'])
      .filter(({ hostPort }) => isGiven(hostPort) && hostPort !== 0)
      .map(({ hostPort }) => `${field}.ports: hostPort ${String(hostPort)}`),
  ];
}

/** What a pod's security context and a container's have in common, and the sysctls of the former. */
function security(field: string, context: Json): string[] {
  const { type, user, role } = map(context['seLinuxOptions']);
  return [
    ...['seccompProfile', 'appArmorProfile']
      .filter((key) => map(context[key])['type'] === 'Unconfined')
      .map((key) => `${field}.${key}`),
    ...((isGiven(type) && !SELINUX_TYPES.has(String(type))) || isGiven(user) || isGiven(role)
      ? [`${field}.seLinuxOptions`]
      : []),
    ...(map(context['windowsOptions'])['hostProcess'] === true
      ? [`${field}.windowsOptions.hostProcess`]
      : []),
    ...maps(context['sysctls'])
      .filter(({ name }) => !SYSCTLS.has(String(name)))
      .map(({ name }) => `${field}.sysctls[${String(name)}]`),
  ];
}

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const map = (value: unknown): Json => (isMap(value) ? value : {});
const maps = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isMap) : []);
const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '';
