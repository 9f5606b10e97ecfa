import { setTimeout as sleep } from 'node:timers/promises';
import { LABELS } from '../../src/core/names.ts';
import type { Client } from '../../src/kube/client.ts';
import { isConflict, isInvalid, isNotFound } from '../../src/kube/errors.ts';
import { Informer } from '../../src/kube/informer.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { POD } from '../../src/kube/resource.ts';
import { insist } from './insist.ts';
import type { PodBinder } from './node.ts';

/** How the pods of one namespace behave. */
export interface PodScript {
  readonly bound: boolean;
  readonly address: string | undefined;
  /** Exit code of the flow pod that runs as the n-th, from 1; undefined: it runs until it is stopped. */
  readonly exitOf: (nth: number) => number | undefined;
  /** Told just before the flow's container ends, as the launcher tells the scheduler. */
  readonly onFlowEnds: (pod: KubeObject, exitCode: number) => Promise<void>;
  /** A pod exists, runs, or has ended. */
  readonly onChange: () => void;
  /** What a pod shall do could not be done. */
  readonly onError: (error: unknown) => void;
}

const WORK_MS = 150;
const STOP_MS = 30;

export const roleOf = ({ metadata }: KubeObject): string => metadata.labels?.[LABELS.role] ?? '';
const uidOf = ({ metadata }: KubeObject): string => metadata.uid ?? '';

/** Plays the kubelets of the whole cluster: pods run soon after they exist, end as their script says, and go when they are deleted. */
export class Kubelet {
  readonly #client: Client;
  readonly #binder: PodBinder;
  readonly #pods: Informer;
  readonly #scripts = new Map<string, PodScript>();
  /** Of each namespace, by UID: flow pods that have existed, and those that have run, in order. */
  readonly #flows = new Map<string, { made: Map<string, KubeObject>; ran: string[] }>();
  readonly #begun = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #leaving = new Set<string>();
  /** On a node that is gone. */
  readonly #lost = new Set<string>();

  constructor(client: Client, binder: PodBinder) {
    this.#client = client;
    this.#binder = binder;
    this.#pods = new Informer({
      client,
      resource: POD,
      labelSelector: LABELS.uid,
      indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ''] },
    });
    this.#pods.onChange((pod, previous) => this.#changed(pod, previous));
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#pods.run(signal);
  }

  play(namespace: string, script: PodScript): void {
    this.#scripts.set(namespace, script);
    this.#flows.set(namespace, { made: new Map(), ran: [] });
  }

  forget(namespace: string): void {
    this.#scripts.delete(namespace);
    this.#flows.delete(namespace);
    for (const pod of this.pods(namespace)) this.#forgetPod(uidOf(pod));
  }

  pods(namespace: string): KubeObject[] {
    return this.#pods.store.by('namespace', namespace);
  }

  isRunning(pod: KubeObject): boolean {
    return this.#begun.has(uidOf(pod)) && !this.#ended.has(uidOf(pod));
  }

  hasEnded(pod: KubeObject): boolean {
    return this.#ended.has(uidOf(pod));
  }

  /** Its process ends by itself, with code 0. */
  async finish(pod: KubeObject): Promise<void> {
    if (this.#gone(pod)) return;
    await this.#end(pod, 0).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    });
  }

  /** Flow pods of the namespace that have existed, and the UIDs of those that have run. */
  flows(namespace: string): { made: KubeObject[]; ran: readonly string[] } {
    const flows = this.#flows.get(namespace);
    return { made: [...(flows?.made.values() ?? [])], ran: flows?.ran ?? [] };
  }

  /** The node is gone, with all that is on it now: its pods are deleted by the control plane, and nobody confirms it. */
  async loseNode(namespace: string): Promise<void> {
    const pods = this.pods(namespace).filter((pod) => !this.#ended.has(uidOf(pod)));
    for (const pod of pods) this.#lost.add(uidOf(pod));
    await Promise.all(
      pods.map((pod) =>
        insist(() =>
          this.#client.delete(POD, namespace, pod.metadata.name ?? '', {
            uid: uidOf(pod),
            gracePeriodSeconds: 1,
          }),
        ),
      ),
    );
  }

  /** The lost node's object is removed: the control plane takes its pods away. */
  async sweepNode(namespace: string): Promise<void> {
    for (const pod of this.pods(namespace)) if (this.#lost.has(uidOf(pod))) await this.#remove(pod);
  }

  #changed(pod: KubeObject | undefined, previous: KubeObject | undefined): void {
    const namespace = (pod ?? previous)?.metadata.namespace ?? '';
    const script = this.#scripts.get(namespace);
    if (pod === undefined) this.#forgetPod(previous === undefined ? '' : uidOf(previous));
    if (script === undefined) return;
    if (pod !== undefined) {
      if (roleOf(pod) === 'flow') this.#flows.get(namespace)?.made.set(uidOf(pod), pod);
      void this.#handle(pod, script).catch((error: unknown) => {
        // Deleted or ended meanwhile: a pod that has ended does not run any more.
        const late =
          isNotFound(error) || isConflict(error) || (isInvalid(error) && this.#ended.has(uidOf(pod)));
        if (!late) script.onError(error);
      });
    }
    script.onChange();
  }

  async #handle(pod: KubeObject, script: PodScript): Promise<void> {
    const uid = uidOf(pod);
    if (this.#lost.has(uid)) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (this.#leaving.has(uid)) return;
      this.#leaving.add(uid);
      await sleep(STOP_MS);
      if (this.#begun.has(uid)) await this.#end(pod, 143);
      await this.#remove(pod);
    } else if (!this.#begun.has(uid)) {
      this.#begun.add(uid);
      await this.#start(pod, script);
    } else if (stopped(pod) && !this.#ended.has(uid)) {
      await sleep(STOP_MS);
      await this.#end(pod, 143, 'DeadlineExceeded');
    }
  }

  async #start(pod: KubeObject, script: PodScript): Promise<void> {
    if (script.bound) await this.#binder.bind(pod);
    await this.#tell(pod, 'Running', { running: { startedAt: new Date().toISOString() } }, script.address);
    if (roleOf(pod) !== 'flow') return;
    const ran = this.#flows.get(pod.metadata.namespace ?? '')?.ran;
    const exitCode = script.exitOf(ran?.push(uidOf(pod)) ?? 1);
    script.onChange();
    if (exitCode === undefined) return;
    await sleep(WORK_MS);
    if (this.#gone(pod)) return;
    await script.onFlowEnds(pod, exitCode);
    if (!this.#gone(pod)) await this.#end(pod, exitCode);
  }

  /** It is on a lost node, or is being deleted: it does nothing more by itself. */
  #gone(pod: KubeObject): boolean {
    return this.#lost.has(uidOf(pod)) || this.#leaving.has(uidOf(pod));
  }

  async #end(pod: KubeObject, exitCode: number, reason?: string): Promise<void> {
    if (this.#ended.has(uidOf(pod))) return;
    this.#ended.add(uidOf(pod));
    const now = new Date().toISOString();
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: now,
      finishedAt: now,
    };
    await this.#tell(pod, exitCode === 0 ? 'Succeeded' : 'Failed', { terminated }, undefined, reason);
  }

  async #tell(
    pod: KubeObject,
    phase: string,
    state: object,
    address: string | undefined,
    reason?: string,
  ): Promise<void> {
    const { namespace, name = '' } = pod.metadata;
    const container = { image: 'played', imageID: 'played', restartCount: 0, ready: phase === 'Running' };
    const status = {
      phase,
      reason,
      ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
      containerStatuses: [{ ...container, name: roleOf(pod), state }],
    };
    await insist(() =>
      this.#client.patch(
        POD,
        namespace,
        name,
        { status },
        { type: 'merge', subresource: 'status', uid: uidOf(pod) },
      ),
    );
  }

  async #remove(pod: KubeObject): Promise<void> {
    const { namespace, name = '' } = pod.metadata;
    await insist(() => this.#client.delete(POD, namespace, name, { uid: uidOf(pod), gracePeriodSeconds: 0 }));
  }

  #forgetPod(uid: string): void {
    for (const set of [this.#begun, this.#ended, this.#leaving, this.#lost]) set.delete(uid);
  }
}

function stopped({ spec }: KubeObject): boolean {
  return (
    typeof spec === 'object' &&
    spec !== null &&
    'activeDeadlineSeconds' in spec &&
    spec.activeDeadlineSeconds === 1
  );
}
