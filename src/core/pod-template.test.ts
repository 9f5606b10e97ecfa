import { describe, expect, test } from 'vitest';

import { dask, resolveWith } from './resolve.fixture.ts';

const refusal = (resolution: ReturnType<typeof resolveWith>) =>
  resolution.ok ? 'accepted' : `${resolution.reason}: ${resolution.message}`;

const FLOW = 'InvalidTemplate: `flow.template';
const NOT = "is the operator's and cannot be set";

describe('a template of the flow may not touch what the operator relies on', () => {
  test.each([
    [{ metadata: { name: 'x' } }, `${FLOW}.metadata.name\` ${NOT}.`],
    [{ metadata: { namespace: 'x' } }, `${FLOW}.metadata.namespace\` ${NOT}.`],
    [{ metadata: { ownerReferences: [] } }, `${FLOW}.metadata.ownerReferences\` ${NOT}.`],
    [{ metadata: { finalizers: ['a/b'] } }, `${FLOW}.metadata.finalizers\` ${NOT}.`],
    [
      { metadata: { labels: { 'flowrun.dev/role': 'worker' } } },
      `${FLOW}.metadata.labels\`: the key flowrun.dev/role ${NOT}.`,
    ],
    [
      { metadata: { annotations: { 'flowrun.dev/x': 'y' } } },
      `${FLOW}.metadata.annotations\`: the key flowrun.dev/x ${NOT}.`,
    ],
    [{ spec: { nodeName: 'n' } }, `${FLOW}.spec.nodeName\` ${NOT}.`],
    [{ spec: { hostNetwork: true } }, `${FLOW}.spec.hostNetwork\` ${NOT}.`],
    [{ spec: { hostPID: true } }, `${FLOW}.spec.hostPID\` ${NOT}.`],
    [{ spec: { hostIPC: true } }, `${FLOW}.spec.hostIPC\` ${NOT}.`],
    [
      { spec: { restartPolicy: 'Always' } },
      `${FLOW}.spec.restartPolicy\` ${NOT}; to repeat a failed run, write \`spec.retry\`.`,
    ],
    [
      { spec: { activeDeadlineSeconds: 5 } },
      `${FLOW}.spec.activeDeadlineSeconds\` ${NOT}; write \`spec.activeDeadlineSeconds\`.`,
    ],
    [
      { spec: { node_selector: {} } },
      `${FLOW}.spec.node_selector\` is not a field of Kubernetes; write \`nodeSelector\`.`,
    ],
    [
      { spec: { volumes: [{ name: 'flowrun-files' }] } },
      `${FLOW}.spec.volumes\`: the name flowrun-files ${NOT}; volumes of yours may not begin with flowrun-.`,
    ],
    [
      { spec: { containers: [{ name: 'flow', command: ['sh'] }] } },
      `${FLOW}.spec.containers[flow].command\` ${NOT}; write \`flow.command\`.`,
    ],
    [
      { spec: { containers: [{ name: 'flow', terminationMessagePath: '/x' }] } },
      `${FLOW}.spec.containers[flow].terminationMessagePath\` ${NOT}.`,
    ],
    [
      { spec: { containers: [{ name: 'flow', env: [{ name: 'FLOWRUN_UID', value: 'x' }] }] } },
      `${FLOW}.spec.containers[flow].env\`: the variable FLOWRUN_UID ${NOT}.`,
    ],
    [
      { spec: { containers: [{ name: 'flow' }, { name: 'flow', command: ['sh'] }] } },
      `${FLOW}.spec.containers[flow].command\` ${NOT}; write \`flow.command\`.`,
    ],
    [
      { spec: { containers: [{ name: 'flow', volumeMounts: [{ name: 'v', mountPath: '/x/../flow' }] }] } },
      `${FLOW}.spec.containers[flow].volumeMounts\`: the path /x/../flow ${NOT}; mount it elsewhere.`,
    ],
    [
      { spec: { containers: [{ name: 'flow', volumeMounts: [{ name: 'v', mountPath: '//flowrun/./x' }] }] } },
      `${FLOW}.spec.containers[flow].volumeMounts\`: the path //flowrun/./x ${NOT}; mount it elsewhere.`,
    ],
    [
      { spec: { containers: [{ name: 'proxy', image: 'p', ports: [{ containerPort: 8788 }] }] } },
      `${FLOW}.spec.containers[proxy].ports\`: port 8788 ${NOT}.`,
    ],
    [
      { spec: { containers: [{ name: 'main', resources: {} }] } },
      `${FLOW}.spec.containers[main]\` has no image; name it \`flow\` to change the container of the flow.`,
    ],
    [
      { replicas: 2 },
      `${FLOW}.replicas\` is not part of a PodTemplateSpec, which has \`metadata\` and \`spec\`.`,
    ],
    [
      { spec: { containers: { name: 'flow' } } },
      `${FLOW}.spec.containers\` does not fit a PodTemplateSpec: Invalid input: expected array, received object.`,
    ],
    [
      { spec: { containers: [{ image: 'x' }] } },
      `${FLOW}.spec.containers.0.name\` does not fit a PodTemplateSpec: Invalid input: expected string, received undefined.`,
    ],
  ])('%j', (template, expected) => {
    expect(refusal(resolveWith(undefined, { template }))).toBe(expected);
  });
});

test.each([
  [{}],
  [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: null, creationTimestamp: null, labels: { a: 'b' } } }],
  [{ spec: { restartPolicy: 'Never', hostNetwork: false, nodeName: null } }],
  [{ spec: { containers: [{ name: 'flow', volumeMounts: [{ name: 'v', mountPath: '/flows' }] }] } }],
  [{ spec: { containers: [{ name: 'proxy', image: 'p', command: ['x'], ports: [{ containerPort: 80 }] }] } }],
])('a template such as %j is taken', (template) => {
  expect(refusal(resolveWith(undefined, { template }))).toBe('accepted');
});

describe('templates of the cluster', () => {
  test.each([
    [
      {
        pod_template: {
          spec: { containers: [{ name: 'dask', image: 'd', args: ['dask-worker', '--nthreads', '2'] }] },
        },
      },
      '`clusterKwargs.pod_template.spec.containers[dask]` would be a second Dask process; name the container `worker` and leave its command out.',
    ],
    [
      { worker_pod_template: { spec: { containers: [{ name: 'worker', args: ['x'] }] } } },
      "`clusterKwargs.worker_pod_template.spec.containers[worker].args` is the operator's and cannot be set; write `clusterKwargs.worker_command`, `threads_per_worker`, `memory_limit`.",
    ],
    [
      { scheduler_pod_template: { spec: { containers: [{ name: 'scheduler', command: ['x'] }] } } },
      "`clusterKwargs.scheduler_pod_template.spec.containers[scheduler].command` is the operator's and cannot be set; leave it out.",
    ],
    [
      { extra_pod_config: { nodeName: 'n' } },
      "`clusterKwargs.extra_pod_config.spec.nodeName` is the operator's and cannot be set.",
    ],
    [
      { extra_container_config: { image_pull_policy: 'Always' } },
      '`clusterKwargs.extra_container_config.spec.containers[worker].image_pull_policy` is not a field of Kubernetes; write `imagePullPolicy`.',
    ],
    [
      { extra_container_config: { env: { A: '1' } } },
      '`clusterKwargs.extra_container_config.spec.containers.0.env` does not fit a PodTemplateSpec: Invalid input: expected array, received object.',
    ],
  ])('%j', (kwargs, message) => {
    expect(refusal(resolveWith(dask(kwargs)))).toBe(`InvalidTemplate: ${message}`);
  });
});
