import { KubeConfig } from '@kubernetes/client-node';
import { FLOW_RUN } from '../../src/api/flow-run.ts';
import { classifyPod } from '../../src/core/classify.ts';
import { LABELS } from '../../src/core/names.ts';
import type { PodState } from '../../src/core/observed.ts';
import { Client } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer.ts';
import { type KubeObject, toKey } from '../../src/kube/object.ts';
import { POD } from '../../src/kube/resource.ts';
import { runOf } from './namespace.ts';

type Status = ReturnType<typeof runOf>['status'];

/** What one run's workers did, seen by watches, so that nothing between two looks is missed. */
export interface WorkerHistory {
  /** Most worker pods that were there at once and not on their way out. */
  mostPods: number;
  /** Most workers that there should be, by group. */
  most: Map<string, number>;
  /** Names of all worker pods there ever were. */
  pods: Set<string>;
  /** Newest. */
  status: Status;
}

/** Follows all runs of a namespace until closed. */
export class WorkerHistories {
  readonly #runs = new Map<string, WorkerHistory>();
  readonly #stop = new AbortController();
  readonly #client: Client;
  readonly #pods: Informer;
  readonly #namespace: string;
  #done: Promise<unknown> = Promise.resolve();

  constructor(kubeconfig: string, namespace: string) {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    this.#client = new Client(config, { userAgent: 'test' });
    this.#namespace = namespace;
    const labelSelector = `${LABELS.role}=worker`;
    this.#pods = new Informer({ client: this.#client, resource: POD, namespace, labelSelector });
    const runs = new Informer({ client: this.#client, resource: FLOW_RUN, namespace });
    this.#pods.onChange((pod, previous) => this.#count(pod ?? previous));
    runs.onChange((run) => run && this.#see(run));
    this.#done = Promise.all([this.#pods.run(this.#stop.signal), runs.run(this.#stop.signal)]);
  }

  of(name: string): WorkerHistory {
    const known = this.#runs.get(name);
    if (known !== undefined) return known;
    const history: WorkerHistory = { mostPods: 0, most: new Map(), pods: new Set(), status: {} };
    this.#runs.set(name, history);
    return history;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#client.close();
  }

  #count(changed: KubeObject | undefined): void {
    const run = changed?.metadata.labels?.[LABELS.name];
    if (run === undefined) return;
    const history = this.of(run);
    const own = this.#pods.store.list().filter(({ metadata }) => metadata.labels?.[LABELS.name] === run);
    for (const { metadata } of own) history.pods.add(toKey(this.#namespace, metadata.name ?? ''));
    const alive = own.map((pod) => classifyPod(pod, 'worker')).filter(isThere);
    history.mostPods = Math.max(history.mostPods, alive.length);
  }

  #see(object: KubeObject): void {
    const { status } = runOf(object);
    const history = this.of(object.metadata.name ?? '');
    history.status = status;
    for (const { name, desired = 0 } of status.cluster?.groups ?? []) {
      history.most.set(name, Math.max(history.most.get(name) ?? 0, desired));
    }
  }
}

/** A pod whose container has ended is over, though the kubelet says `Running` a little longer. */
function isThere(pod: PodState): boolean {
  return pod.state !== 'absent' && pod.state !== 'finished' && !pod.terminating;
}

/** How often the size went the other way. */
export function turns(history: readonly { from: number; to: number }[]): number {
  const directions = history.map(({ from, to }) => Math.sign(to - from)).filter((sign) => sign !== 0);
  return directions.filter((sign, index) => index > 0 && sign !== directions[index - 1]).length;
}
