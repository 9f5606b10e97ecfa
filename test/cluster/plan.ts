import { join } from 'node:path';

/** How many clusters can stand side by side: each has a slot of its own, from which all its addresses follow. */
export const SLOTS = 16;

/** What a cluster consists of. Two clusters of the same name with different shapes never run at the same time. */
export interface Shape {
  /** etcd and kube-apiserver only, without a node: no root needed, pods stay Pending. */
  readonly controlPlaneOnly: boolean;
  readonly controllerManager: boolean;
  readonly scheduler: boolean;
  readonly audit: boolean;
}

/** Every address and path of one cluster. Addresses are IPv4, ranges are CIDRs. */
export interface Plan {
  readonly name: string;
  readonly slot: number;
  /** The API server, etcd and, in a cluster with a node, the kubelet listen here. */
  readonly address: string;
  readonly server: string;
  readonly serviceRange: string;
  /** The first address of the range: `kubernetes.default.svc`. */
  readonly serviceAddress: string;
  readonly podRange: string;
  /** The host's end of the link to the node, and the link's name on the host. */
  readonly hostAddress: string;
  readonly link: string;
  readonly nodeName: string;
  readonly cgroup: string;
  readonly directory: string;
  readonly kubeconfig: string;
}

/**
 * The plan of the cluster `name` in `slot`, below the folder `directory`.
 * A node has a network namespace of its own, joined to the host by one link, so ports are the usual ones everywhere;
 * a control plane alone lives on a loopback address of its own.
 */
export function planCluster(name: string, slot: number, directory: string, controlPlaneOnly: boolean): Plan {
  const block = slot * 16;
  const address = controlPlaneOnly ? `127.77.${slot}.1` : `10.246.${slot}.2`;
  return {
    name,
    slot,
    address,
    server: `https://${address}:6443`,
    serviceRange: `10.245.${block}.0/20`,
    serviceAddress: `10.245.${block}.1`,
    podRange: `10.244.${block}.0/20`,
    hostAddress: `10.246.${slot}.1`,
    link: `flowrun${slot}`,
    nodeName: `${name}-node`,
    cgroup: `flowrun-${name}`,
    directory,
    kubeconfig: join(directory, 'kubeconfig'),
  };
}

/** The lowest slot that is neither in `taken` nor refused by `usable`. Throws when all are taken. */
export function chooseSlot(taken: ReadonlySet<number>, usable: (slot: number) => boolean): number {
  for (let slot = 0; slot < SLOTS; slot += 1) if (!taken.has(slot) && usable(slot)) return slot;
  throw new Error(
    `all ${SLOTS} cluster slots are in use; remove a cluster you no longer need with \`npm run cluster -- down --wipe --name <name>\``,
  );
}

/** Throws unless `name` is short and safe in host names, cgroup names and paths. */
export function checkName(name: string): string {
  if (!/^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) {
    throw new Error(
      `cluster name ${JSON.stringify(name)}: use at most 32 lower-case letters, digits and dashes, beginning with a letter`,
    );
  }
  return name;
}
