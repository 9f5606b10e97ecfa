import type { Action, ChildRef } from '../core/decision.ts';
import type { Stray } from '../core/observed.ts';
import { LABELS, selectorFor, workersSelector } from '../core/names.ts';
import type { Client } from '../kube/client.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { controllerOf, keyOf } from '../kube/object.ts';
import { CONFIG_MAP, POD, type Resource, SERVICE } from '../kube/resource.ts';
import type { Cache } from './cache.ts';
import { FLOW_RUN } from '../api/flow-run.ts';
import { type AttemptPlans, type AttemptRef, nameOfChild } from './attempt-plans.ts';

/** Label keys without which no collection may be deleted. */
export const SELECTOR_KEYS = [LABELS.uid, LABELS.attempt, LABELS.role];

/** Scheduler and workers hold nothing worth saving once the attempt has ended. */
const CLUSTER_GRACE_SECONDS = 1;

/** Named in one selector; the URL must stay short. */
const WORKERS_PER_DELETE = 200;

const RESOURCES: Record<Stray['kind'], Resource> = { Pod: POD, Service: SERVICE, ConfigMap: CONFIG_MAP };

/** Creates in flight at once for one run. */
const PARALLEL_CREATES = 16;

export interface CreateFailure {
  child: ChildRef;
  error: unknown;
}

export interface Created {
  failures: CreateFailure[];
  /** Undefined where none was made, or its answer was lost. */
  flowPodUID: string | undefined;
}

/** Carries out actions. Each may be repeated, and each meets only what belongs to this very run. */
export class Actor {
  readonly #client: Client;
  readonly #cache: Cache;
  readonly #plans: AttemptPlans;

  constructor(client: Client, cache: Cache, plans: AttemptPlans) {
    this.#client = client;
    this.#cache = cache;
    this.#plans = plans;
  }

  /**
   * The files come first: every other child is built from what they hold. Then all the rest at once. One that fails does
   * not keep the others from being made.
   */
  async create(target: AttemptRef, children: ChildRef[], signal: AbortSignal): Promise<Created> {
    const rest = children.filter(({ role }) => role !== 'files');
    const build = await this.#plans.open(target, rest.length < children.length, signal);
    const failures: CreateFailure[] = [];
    let flowPodUID: string | undefined;
    for (let start = 0; start < rest.length && failures.length === 0; start += PARALLEL_CREATES) {
      await Promise.all(
        rest.slice(start, start + PARALLEL_CREATES).map(async (child) => {
          try {
            const { resource, object } = build(child);
            const created = await this.#client.createOwned(resource, object, { signal });
            this.#cache.own.wrote(keyOf(target.run), resource.kind, created.object);
            if (child.role === 'flow') flowPodUID = created.object.metadata.uid;
          } catch (error) {
            failures.push({ child, error });
          }
        }),
      );
    }
    return { failures, flowPodUID };
  }

  /** Whether the API server has a pod of this UID; asked live, past the cache. */
  async flowPodExists(target: AttemptRef, name: string, uid: string, signal: AbortSignal): Promise<boolean> {
    try {
      const pod = await this.#client.get(POD, target.namespace, name, { signal });
      if (pod.metadata.uid === uid) this.#cache.own.wrote(keyOf(target.run), POD.kind, pod);
      return pod.metadata.uid === uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async remove(
    target: AttemptRef,
    action: Exclude<Action, { type: 'create' | 'lookForFlowPod' }>,
    signal: AbortSignal,
  ): Promise<void> {
    switch (action.type) {
      case 'deleteCluster':
        return this.#deleteCluster(target, signal);
      case 'deleteFlow':
        return this.#delete(target, POD, action.name, action.uid, { signal });
      case 'deleteWorkers':
        return this.#deleteWorkers(target, action.pods, signal);
      case 'deleteObject':
        return this.#deleteObject(target, action.child.role, signal);
      case 'deleteStrays':
        return this.#deleteStrays(target, action.strays, signal);
      case 'stopFlow':
        return this.#stopFlow(target, action.name, action.uid, signal);
      case 'deleteRun':
        await this.#client.delete(FLOW_RUN, target.namespace, target.name, {
          uid: target.uid,
          propagationPolicy: 'Background',
          signal,
        });
    }
  }

  async #deleteCluster(target: AttemptRef, signal: AbortSignal): Promise<void> {
    const { namespace, uid, attempt } = target;
    await this.#client.deleteCollection(POD, namespace, {
      labelSelector: selectorFor(uid, attempt, ['scheduler', 'worker']),
      gracePeriodSeconds: CLUSTER_GRACE_SECONDS,
      signal,
    });
    for (const { metadata } of this.#cache.owned('Pod', namespace, uid)) {
      if (metadata.labels?.[LABELS.attempt] !== String(attempt)) continue;
      if (metadata.labels[LABELS.role] !== 'flow')
        this.#cache.own.deleted(keyOf(target.run), metadata.uid ?? '');
    }
  }

  async #deleteWorkers(
    target: AttemptRef,
    pods: readonly { ordinal: number; name: string; uid: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, uid, attempt } = target;
    const options = { gracePeriodSeconds: CLUSTER_GRACE_SECONDS, signal };
    for (let start = 0; start < pods.length; start += WORKERS_PER_DELETE) {
      const some = pods.slice(start, start + WORKERS_PER_DELETE);
      const [only] = some;
      if (some.length === 1 && only !== undefined) {
        await this.#delete(target, POD, only.name, only.uid, options);
      } else {
        // An ordinal is never used twice, so the selector names these very pods.
        const ordinals = some.map(({ ordinal }) => ordinal);
        const labelSelector = workersSelector(uid, attempt, ordinals);
        await this.#client.deleteCollection(POD, namespace, { labelSelector, ...options });
        for (const pod of some) this.#cache.own.deleted(keyOf(target.run), pod.uid);
      }
    }
  }

  async #deleteStrays(target: AttemptRef, strays: readonly Stray[], signal: AbortSignal): Promise<void> {
    for (const { kind, name, uid } of strays)
      await this.#delete(target, RESOURCES[kind], name, uid, { signal });
  }

  async #delete(
    target: AttemptRef,
    resource: Resource,
    name: string,
    uid: string,
    options: { gracePeriodSeconds?: number; signal: AbortSignal },
  ): Promise<void> {
    const { namespace } = target;
    try {
      await this.#client.delete(resource, namespace, name, { uid, ...options });
    } catch (error) {
      // Either the name belongs to another object by now, so ours is gone, or it was a conflict of another kind.
      if (!isConflict(error) || (await this.#exists(resource, namespace, name, uid, options.signal)))
        throw error;
    }
    this.#cache.own.deleted(keyOf(target.run), uid);
  }

  async #exists(
    resource: Resource,
    namespace: string,
    name: string,
    uid: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      return (await this.#client.get(resource, namespace, name, { signal })).metadata.uid === uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #deleteObject(target: AttemptRef, role: 'files' | 'service', signal: AbortSignal): Promise<void> {
    const kind = role === 'files' ? 'ConfigMap' : 'Service';
    const name = nameOfChild(target, { role });
    const object = this.#cache.child(kind, target.namespace, name, target.uid);
    const uid =
      object === undefined || controllerOf(object)?.uid !== target.uid ? undefined : object.metadata.uid;
    if (uid !== undefined) await this.#delete(target, RESOURCES[kind], name, uid, { signal });
  }

  async #stopFlow(target: AttemptRef, name: string, uid: string, signal: AbortSignal): Promise<void> {
    try {
      const pod = await this.#client.patch(
        POD,
        target.namespace,
        name,
        { spec: { activeDeadlineSeconds: 1 } },
        { type: 'merge', uid, signal },
      );
      this.#cache.own.wrote(keyOf(target.run), POD.kind, pod);
    } catch (error) {
      // Gone or replaced: the next look at the world says so.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
