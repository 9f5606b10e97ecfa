import { expect, test } from 'vitest';
import { policyProblems } from './pod-policy.ts';
import { dask, resolveWith } from './resolve.fixture.ts';

const container = (securityContext: object) => ({ containers: [{ name: 'flow', securityContext }] });

test.each([
  ['a network of the host', { hostNetwork: true }, 'spec.hostNetwork'],
  ['processes of the host', { hostPID: true }, 'spec.hostPID'],
  ['a path of the node', { volumes: [{ name: 'x', hostPath: { path: '/' } }] }, 'spec.volumes[x].hostPath'],
  ['an empty path of the node', { volumes: [{ name: 'x', hostPath: {} }] }, 'spec.volumes[x].hostPath'],
  ['privilege', container({ privileged: true }), 'spec.containers[flow].securityContext.privileged'],
  [
    'privilege in an init container',
    { initContainers: [{ name: 'i', securityContext: { privileged: true } }] },
    'spec.initContainers[i].securityContext.privileged',
  ],
  [
    'a capability beyond the baseline',
    container({ capabilities: { add: ['CHOWN', 'SYS_ADMIN'] } }),
    'spec.containers[flow].securityContext.capabilities.add[SYS_ADMIN]',
  ],
  ['a bare /proc', container({ procMount: 'Unmasked' }), 'spec.containers[flow].securityContext.procMount'],
  [
    'no seccomp in a container',
    container({ seccompProfile: { type: 'Unconfined' } }),
    'spec.containers[flow].securityContext.seccompProfile',
  ],
  [
    'no seccomp in a pod',
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    'spec.securityContext.seccompProfile',
  ],
  [
    'no AppArmor',
    { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
    'spec.securityContext.appArmorProfile',
  ],
  [
    'another SELinux user',
    container({ seLinuxOptions: { user: 'root' } }),
    'spec.containers[flow].securityContext.seLinuxOptions',
  ],
  [
    'a process of the host on Windows',
    { securityContext: { windowsOptions: { hostProcess: true } } },
    'spec.securityContext.windowsOptions.hostProcess',
  ],
  [
    'a sysctl of the node',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    'spec.securityContext.sysctls[kernel.msgmax]',
  ],
  [
    'a port of the host',
    { containers: [{ name: 'flow', ports: [{ containerPort: 80, hostPort: 80 }] }] },
    'spec.containers[flow].ports: hostPort 80',
  ],
])('a pod may not have %s', (_, spec, path) => {
  expect(policyProblems('', { spec })).toEqual([expect.stringContaining(`\`${path}\` is not allowed`)]);
});

test('what the level baseline allows is allowed', () => {
  const spec = {
    hostNetwork: false,
    volumes: [{ name: 'x', emptyDir: {}, hostPath: null }],
    securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }], runAsUser: 0 },
    ...container({ capabilities: { add: ['CHOWN'] }, seLinuxOptions: { type: 'container_t' } }),
  };
  expect(policyProblems('', { spec })).toEqual([]);
});

const HOST = { volumes: [{ name: 'host', hostPath: { path: '/etc' } }] };

test.each([
  ['the flow’s volumes', undefined, HOST, 'flow.spec.volumes[host].hostPath'],
  [
    'the flow’s template',
    undefined,
    { template: { spec: HOST } },
    'flow.template.spec.volumes[host].hostPath',
  ],
  [
    'the scheduler’s template',
    dask({ scheduler_pod_template: { spec: HOST } }),
    {},
    'clusterKwargs.scheduler_pod_template.spec.volumes[host].hostPath',
  ],
  [
    'a worker group’s template',
    dask({ worker_groups: { gpu: { worker_pod_template: { spec: HOST } } } }),
    {},
    'worker group gpu.spec.volumes[host].hostPath',
  ],
  [
    'the configuration of a worker’s container',
    dask({ extra_container_config: { securityContext: { privileged: true } } }),
    {},
    'worker group default.spec.containers[worker].securityContext.privileged',
  ],
])('a path of the node in %s is refused, unless the operator has no policy', (_, executor, flow, path) => {
  expect(resolveWith(executor, flow)).toMatchObject({
    ok: false,
    reason: 'PodPolicyViolated',
    message: expect.stringContaining(path),
  });
  expect(resolveWith(executor, flow, { podPolicy: 'none' }).ok).toBe(true);
});

test.each([
  ['nothing said', {}, {}, { runAsNonRoot: true }],
  ['a user of the run’s', {}, { runAsUser: 7 }, { runAsNonRoot: true, runAsUser: 7 }],
  ['a user of the configuration’s', { runAsUser: 1000 }, {}, { runAsNonRoot: true, runAsUser: 1000 }],
  ['both', { runAsUser: 1000 }, { runAsUser: 7 }, { runAsNonRoot: true, runAsUser: 7 }],
  ['root, asked for', { runAsUser: 1000 }, { runAsUser: 0 }, { runAsUser: 0 }],
  ['root allowed', {}, { runAsNonRoot: false }, { runAsNonRoot: false }],
  ['defaults that allow root', { podDefaults: 'baseline' as const }, { fsGroup: 1 }, { fsGroup: 1 }],
])('the security context of pods: %s', (_, config, given, wanted) => {
  const resolution = resolveWith(undefined, { securityContext: given }, config);
  expect(resolution.ok && resolution.resolved.pods.securityContext).toEqual(wanted);
});
