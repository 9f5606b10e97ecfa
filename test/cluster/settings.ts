import type { Plan } from './plan.ts';
import { pathsOf } from './components.ts';

/** File name below `settings/` → text, for everything that is configured by file. `cniBinaries` is the plugins' folder. */
export function settingsFor(plan: Plan, cniBinaries: string): Record<string, string> {
  return {
    'audit.yaml': auditPolicy,
    'containerd.toml': containerd(plan, cniBinaries),
    'kubelet.yaml': kubelet(plan),
    'proxy.yaml': proxy(plan),
    'resolv.conf': `nameserver ${plan.address}\n`,
    'cni/10-flowrun.conflist': network(plan),
    Corefile: corefile(plan),
  };
}

/** Who asked for what, without bodies, of everyone but the cluster's own parts; watches never end, so they are left out. */
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, verbs: [watch]}
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"]
- {level: None, userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]}
- {level: None, nonResourceURLs: ["/*"]}
- {level: Metadata}
`;

/** Point-to-point links: every packet of a pod is routed, so Services need neither a bridge nor br_netfilter. */
function network(plan: Plan): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'flowrun',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: plan.podRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: '/run/cni-addresses',
        },
      },
    ],
  });
}

/** OOM scores are left alone: raising one's importance needs CAP_SYS_RESOURCE, which a container often lacks. */
function containerd(plan: Plan, cniBinaries: string): string {
  const { containerd: root, runtime, socket, setting } = pathsOf(plan);
  return `version = 3
root = "${root}"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.native"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${runtime}/opt"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "localhost/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${cniBinaries}"]
    conf_dir = "${setting('cni')}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "runc"
        SystemdCgroup = false
        Root = "/run/runc"
`;
}

/** Nothing is ever evicted or collected on a busy disk: `localhost/` images cannot be pulled again. */
function kubelet(plan: Plan): string {
  const { pki, socket, setting, logs, runtime } = pathsOf(plan);
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ${plan.address}
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${pki('ca.crt')}}}
authorization: {mode: Webhook}
tlsCertFile: ${pki('kubelet.crt')}
tlsPrivateKeyFile: ${pki('kubelet.key')}
containerRuntimeEndpoint: unix://${socket}
cgroupDriver: cgroupfs
cgroupRoot: /${plan.cgroup}
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
maxOpenFiles: 20000
clusterDomain: cluster.local
clusterDNS: ["${plan.address}"]
resolvConf: ${setting('resolv.conf')}
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: false
maxPods: 250
registryPullQPS: 0
eventRecordQPS: 0
kubeAPIQPS: 200
kubeAPIBurst: 400
nodeStatusReportFrequency: 1m
makeIPTablesUtilChains: false
volumePluginDir: ${runtime}/flexvolumes
podLogsDir: ${logs}/pods
healthzBindAddress: 127.0.0.1
`;
}

function proxy(plan: Plan): string {
  return `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: ${pathsOf(plan).pki('proxy.conf')}}
clusterCIDR: ${plan.podRange}
bindAddress: 0.0.0.0
healthzBindAddress: ${plan.address}:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nftables: {minSyncPeriod: 0s, syncPeriod: 30s}
nodePortAddresses: ["${plan.address}/32"]
`;
}

function corefile(plan: Plan): string {
  return `.:53 {
  bind ${plan.address}
  ready ${plan.address}:8181
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${plan.kubeconfig}
    ttl 5
  }
}
`;
}
