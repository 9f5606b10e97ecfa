import type { Client } from '../../src/kube/client.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { POD } from '../../src/kube/resource.ts';
import { LABELS } from '../../src/core/names.ts';
import type { Context } from './context.ts';
import type { Observer } from './observer.ts';

const roleOf = ({ metadata }: KubeObject): string => metadata.labels?.[LABELS.role] ?? '';

/** Plays the kubelet of a cluster without a node: pods run as soon as they exist, and end when they are told to. */
export class PlayedPods {
  readonly #client: Client;
  readonly #observer: Observer;
  readonly #address: string;
  readonly #started = new Set<string>();
  readonly #ended = new Set<string>();

  /** `address` is that of every pod. */
  constructor(client: Client, observer: Observer, address: string) {
    this.#client = client;
    this.#observer = observer;
    this.#address = address;
  }

  list(role: string): KubeObject[] {
    return this.#observer.list(POD).filter((pod) => roleOf(pod) === role);
  }

  /** Names of the workers that run. */
  get workers(): string[] {
    return this.list('worker')
      .map(({ metadata }) => metadata.name ?? '')
      .filter((name) => this.#started.has(name) && !this.#ended.has(name));
  }

  /** Starts what exists and does not run. Whether there was anything. */
  async start(context: Context): Promise<boolean> {
    context.signal.throwIfAborted();
    const fresh = this.#observer.list(POD).filter(({ metadata }) => !this.#started.has(metadata.name ?? ''));
    await Promise.all(
      fresh.map(async (pod) => {
        await this.#tell(pod, {
          phase: 'Running',
          state: { running: { startedAt: new Date().toISOString() } },
        });
        this.#started.add(pod.metadata.name ?? '');
      }),
    );
    return fresh.length > 0;
  }

  /** Its process has ended with code 0. */
  async end(name: string): Promise<void> {
    if (this.#ended.has(name)) return;
    this.#ended.add(name);
    const pod = this.#observer.list(POD).find(({ metadata }) => metadata.name === name);
    if (pod !== undefined)
      await this.#tell(pod, {
        phase: 'Succeeded',
        state: { terminated: { exitCode: 0, reason: 'Completed' } },
      });
  }

  async #tell(pod: KubeObject, { phase, state }: { phase: string; state: object }): Promise<void> {
    const { namespace, name = '' } = pod.metadata;
    const containerStatuses = [
      {
        name: roleOf(pod),
        image: 'played',
        imageID: 'played',
        ready: phase === 'Running',
        restartCount: 0,
        state,
      },
    ];
    const status = { phase, podIP: this.#address, podIPs: [{ ip: this.#address }], containerStatuses };
    try {
      await this.#client.patch(POD, namespace, name, { status }, { type: 'merge', subresource: 'status' });
    } catch (error) {
      // Deleted meanwhile: without a node, at once.
      if (!isNotFound(error)) throw error;
    }
  }
}
