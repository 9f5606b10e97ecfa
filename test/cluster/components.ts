import { join } from 'node:path';
import type { Plan, Shape } from './plan.ts';

/** A program of the cluster: its name in logs and `status`, and its arguments behind the component name. */
export interface Component {
  readonly name: string;
  readonly args: readonly string[];
}

/** Where a cluster keeps what. */
export function pathsOf(plan: Plan) {
  const below = (...parts: string[]) => join(plan.directory, ...parts);
  return {
    pki: (file: string) => below('pki', file),
    setting: (file: string) => below('settings', file),
    logs: below('log'),
    log: (component: string) => below('log', `${component}.log`),
    auditLog: below('log', 'audit.log'),
    etcd: below('etcd'),
    containerd: below('containerd'),
    /** Not kept over a stop, as /run is not over a reboot. */
    runtime: below('run'),
    socket: below('run', 'containerd.sock'),
    kubelet: below('kubelet'),
    cni: below('cni'),
    imported: below('imported'),
  };
}

/** `{ a: 'b', c: true }` as `--a=b --c=true`; undefined values are left out. */
function component(
  name: string,
  options: Readonly<Record<string, string | number | boolean | undefined>>,
): Component {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { name, args: given.map(([option, value]) => `--${option}=${value}`) };
}

/** etcd, whose data are as durable as this machine stays up: a killed process loses nothing, a power cut may. */
export function etcd(plan: Plan): Component {
  const client = `http://${plan.address}:2379`;
  const peer = `http://${plan.address}:2380`;
  return component('etcd', {
    'data-dir': pathsOf(plan).etcd,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'auto-compaction-retention': '5m',
    'quota-backend-bytes': 4 * 1024 ** 3,
    'unsafe-no-fsync': true,
    'log-level': 'warn',
  });
}

export function apiServer(plan: Plan, shape: Shape): Component {
  const { pki, setting, auditLog } = pathsOf(plan);
  return component('kube-apiserver', {
    'etcd-servers': `http://${plan.address}:2379`,
    'service-cluster-ip-range': plan.serviceRange,
    'bind-address': plan.address,
    'advertise-address': plan.address,
    'secure-port': 6443,
    'authorization-mode': 'Node,RBAC',
    'client-ca-file': pki('ca.crt'),
    'tls-cert-file': pki('apiserver.crt'),
    'tls-private-key-file': pki('apiserver.key'),
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': pki('sa.pub'),
    'service-account-signing-key-file': pki('sa.key'),
    'kubelet-client-certificate': pki('apiserver-kubelet.crt'),
    'kubelet-client-key': pki('apiserver-kubelet.key'),
    'kubelet-certificate-authority': pki('ca.crt'),
    'kubelet-preferred-address-types': 'InternalIP',
    'allow-privileged': true,
    'enable-priority-and-fairness': false,
    profiling: false,
    // The API server does not publish a loopback address; and nobody could reach it there from a pod.
    'endpoint-reconciler-type': shape.controlPlaneOnly ? 'none' : undefined,
    // Without the controller manager nobody makes the `default` ServiceAccount that every new pod would have to wait for.
    'disable-admission-plugins': shape.controllerManager ? undefined : 'ServiceAccount',
    'audit-policy-file': shape.audit ? setting('audit.yaml') : undefined,
    'audit-log-path': shape.audit ? auditLog : undefined,
  });
}

export function controllerManager(plan: Plan, shape: Shape): Component {
  const { pki, runtime } = pathsOf(plan);
  return component('kube-controller-manager', {
    kubeconfig: pki('controller-manager.conf'),
    'leader-elect': false,
    'use-service-account-credentials': true,
    'service-account-private-key-file': pki('sa.key'),
    'root-ca-file': pki('ca.crt'),
    'cluster-signing-cert-file': pki('ca.crt'),
    'cluster-signing-key-file': pki('ca.key'),
    'bind-address': plan.address,
    'kube-api-qps': 200,
    'kube-api-burst': 400,
    'flex-volume-plugin-dir': join(runtime, 'flexvolumes'),
    profiling: false,
    // Without a node a test plays the nodes: nobody may evict or collect the pods for want of a heartbeat.
    controllers: shape.controlPlaneOnly
      ? '*,-node-lifecycle-controller,-taint-eviction-controller,-pod-garbage-collector-controller'
      : undefined,
  });
}

export function scheduler(plan: Plan): Component {
  return component('kube-scheduler', {
    kubeconfig: pathsOf(plan).pki('scheduler.conf'),
    'leader-elect': false,
    'bind-address': plan.address,
    'kube-api-qps': 200,
    'kube-api-burst': 400,
    profiling: false,
  });
}

export function kubelet(plan: Plan): Component {
  const { setting, pki } = pathsOf(plan);
  return component('kubelet', {
    config: setting('kubelet.yaml'),
    kubeconfig: pki('kubelet.conf'),
    'root-dir': '/var/lib/kubelet',
    'hostname-override': plan.nodeName,
    'node-ip': plan.address,
  });
}

export function kubeProxy(plan: Plan): Component {
  return component('kube-proxy', {
    config: pathsOf(plan).setting('proxy.yaml'),
    'hostname-override': plan.nodeName,
  });
}
