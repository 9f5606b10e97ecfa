import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/kube/client.ts';
import { isAlreadyExists, isConflict } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { insist } from './insist.ts';

const NODE: Resource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
const BINDING: Resource = { group: '', version: 'v1', plural: 'bindings', kind: 'Binding', namespaced: true };
const NAME = 'played';
const HEARTBEAT_MS = 10_000;

export interface PodBinder {
  /** Puts a pod on the node: from then on, deleting it waits for its kubelet. */
  bind(pod: KubeObject): Promise<void>;
}

/** A node without a machine, which the control plane takes for a healthy one while `run` runs. */
export class PlayedNode implements PodBinder {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Resolves when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#beat();
      await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async open(): Promise<void> {
    try {
      await this.#client.create(NODE, { metadata: { name: NAME } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    await this.#beat();
  }

  async bind({ metadata }: KubeObject): Promise<void> {
    const { namespace = '', name = '', uid = '' } = metadata;
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { namespace, name, uid },
      target: { kind: 'Node', name: NAME },
    };
    await insist(async (attempt) => {
      try {
        await this.#client.create(BINDING, binding);
      } catch (error) {
        if (attempt === 1 || !isConflict(error)) throw error;
      }
    });
  }

  async #beat(): Promise<void> {
    const conditions = [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Played',
        message: 'played by a test',
        lastHeartbeatTime: new Date().toISOString(),
      },
    ];
    await insist(() =>
      this.#client.patch(
        NODE,
        undefined,
        NAME,
        { status: { conditions } },
        { type: 'merge', subresource: 'status' },
      ),
    );
  }
}
