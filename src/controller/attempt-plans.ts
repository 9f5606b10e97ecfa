import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { parseFlowRun } from '../api/parse.ts';
import type { ChildRef } from '../core/decision.ts';
import { childName } from '../core/names.ts';
import { policyProblems } from '../core/pod-policy.ts';
import { type ResolveConfig, resolve } from '../core/resolve.ts';
import { type Resolved, resolvedSchema } from '../core/resolved.ts';
import { parseTime } from '../core/time.ts';
import type { Client } from '../kube/client.ts';
import { isAlreadyExists } from '../kube/errors.ts';
import { type KubeObject, keyOf, nameOf } from '../kube/object.ts';
import { CONFIG_MAP, NETWORK_POLICY, POD, type Resource, SECRET, SERVICE } from '../kube/resource.ts';
import { filesConfigMap } from '../manifests/files-config-map.ts';
import { flowPod } from '../manifests/flow-pod.ts';
import type { Manifest } from '../manifests/object.ts';
import { type OperatorPods, networkPolicy } from '../manifests/network-policy.ts';
import { schedulerPod } from '../manifests/scheduler-pod.ts';
import { schedulerService } from '../manifests/scheduler-service.ts';
import { workerPod } from '../manifests/worker-pod.ts';
import { tlsSecret } from '../manifests/tls.ts';
import type { AttemptTlsKeys } from './attempt-tls.ts';
import type { Cache } from './cache.ts';

export interface AttemptRef {
  run: KubeObject;
  namespace: string;
  name: string;
  uid: string;
  attempt: number;
}

export type Build = (child: ChildRef) => { resource: Resource; object: KubeObject };

/** Resolved specs kept in memory; a run that needs more pods after that costs one GET. */
const KEPT = 1_000;

/** For the garbage collector, which takes a moment as a rule. */
const COLLECTED_MS = 10_000;
const COLLECTED_POLL_MS = 300;

export interface AttemptPlansOptions {
  client: Client;
  cache: Cache;
  config: ResolveConfig;
  programs: Record<string, string>;
  /** Absent: no run may have encryption. */
  keys: AttemptTlsKeys | undefined;
  /** Whom a cluster's NetworkPolicy lets in beside its own pods. Absent: clusters get none. */
  operatorPods: OperatorPods | undefined;
  now: () => number;
}

/**
 * What the pods of an attempt are built from. The first pod of an attempt fixes it: the resolved spec is stored in
 * the attempt's immutable ConfigMap, and every later pod, by whichever version of the operator, is built from that.
 */
export class AttemptPlans {
  readonly #options: AttemptPlansOptions;
  readonly #resolved = new Map<string, Resolved>();

  constructor(options: AttemptPlansOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that the ConfigMap exists and gives a builder of the attempt's other children. `missing`: it is known not to be
   * there, so one that somebody deleted is made again as it was. Throws API errors.
   */
  async open(ref: AttemptRef, missing: boolean, signal: AbortSignal): Promise<Build> {
    const key = `${ref.uid}/${ref.attempt}`;
    let resolved = this.#resolved.get(key);
    if (resolved === undefined || missing) {
      resolved = await this.#store(ref, resolved, signal);
      this.#resolved.set(key, resolved);
      for (const oldest of this.#resolved.keys()) {
        if (this.#resolved.size <= KEPT) break;
        this.#resolved.delete(oldest);
      }
    }
    const built = resolved;
    return (child) => {
      const made = this.#build(ref, built, child);
      if (made.resource === POD) this.#judge(made.object);
      return made;
    };
  }

  async #store(ref: AttemptRef, known: Resolved | undefined, signal: AbortSignal): Promise<Resolved> {
    const { client, cache, config, programs, operatorPods } = this.#options;
    const parsed = parseFlowRun(ref.run);
    if (!parsed.ok) throw new Error(parsed.message);
    const { flow } = parsed.value.spec;
    const resolution = resolve(parsed.value, config);
    if (!resolution.ok) throw new Error(resolution.message);
    const wanted = known ?? resolution.resolved;
    const manifest = filesConfigMap(ref, ref.attempt, wanted, {
      programs,
      parametersJson: JSON.stringify(flow.parameters ?? {}),
      inline: flow.source?.inline,
    });
    const { created, object } = await client.createOwned(CONFIG_MAP, { ...manifest }, { signal });
    cache.own.wrote(keyOf(ref.run), CONFIG_MAP.kind, { metadata: object.metadata });
    const resolved = created ? wanted : stored(object);
    const { cluster } = resolved;
    const owner = { name: nameOf(object), uid: object.metadata.uid ?? '' };
    await Promise.all([
      cluster?.security === 'tls'
        ? this.#storeKeys(ref, owner, parsed.value.spec.activeDeadlineSeconds, created, signal)
        : undefined,
      cluster !== undefined && operatorPods !== undefined
        ? this.#ensure(NETWORK_POLICY, networkPolicy(ref, ref.attempt, operatorPods, owner), created, signal)
        : undefined,
    ]);
    return resolved;
  }

  /** Before any pod is made, which could not start without. */
  async #storeKeys(
    ref: AttemptRef,
    owner: { name: string; uid: string },
    activeDeadlineSeconds: number | undefined,
    ownerIsNew: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { keys } = this.#options;
    if (keys === undefined) throw new Error('the attempt needs certificates, and this operator has no seed');
    const credentials = await keys.forPods(ref, activeDeadlineSeconds);
    await this.#ensure(SECRET, tlsSecret(ref, ref.attempt, credentials, owner), ownerIsNew, signal);
  }

  /**
   * Creates what the operator may not read. One that is there was made by this attempt's operator before a restart; but beside an owner
   * that has just been made it belongs to one that somebody deleted, and goes with it: so that is waited for.
   */
  async #ensure(
    resource: Resource,
    manifest: Manifest,
    ownerIsNew: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const limit = performance.now() + (ownerIsNew ? COLLECTED_MS : 0);
    for (;;) {
      try {
        await this.#options.client.create(resource, { ...manifest }, { signal });
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        if (!ownerIsNew) return;
        if (performance.now() >= limit) throw error;
      }
      await sleep(COLLECTED_POLL_MS, undefined, { signal });
    }
  }

  #build(ref: AttemptRef, resolved: Resolved, child: ChildRef): { resource: Resource; object: KubeObject } {
    switch (child.role) {
      case 'files':
        throw new TypeError('the files are made by open()');
      case 'service':
        return { resource: SERVICE, object: { ...schedulerService(ref, ref.attempt, resolved) } };
      case 'scheduler':
        return { resource: POD, object: { ...schedulerPod(ref, ref.attempt, resolved) } };
      case 'worker':
        return { resource: POD, object: { ...workerPod(ref, ref.attempt, resolved, child) } };
      case 'flow':
        return {
          resource: POD,
          object: { ...flowPod(ref, ref.attempt, resolved, this.#remainingSeconds(ref)) },
        };
    }
  }

  /** What the pods are built from was stored where users may write, too: so the policy is held here again. */
  #judge({ metadata, spec }: KubeObject): void {
    if (this.#options.config.podPolicy === 'none') return;
    const problems = policyProblems(`pod ${metadata.name ?? ''}`, { metadata, spec: podSpec.parse(spec) });
    if (problems.length > 0) throw new RefusedPod(problems.join(' '));
  }

  /** What is left of the run's active deadline: on the pod it holds while the operator is down, too. */
  #remainingSeconds(ref: AttemptRef): number | undefined {
    const parsed = parseFlowRun(ref.run);
    if (!parsed.ok) return undefined;
    const { spec, status } = parsed.value;
    if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined;
    const end = parseTime(status.startTime) + spec.activeDeadlineSeconds * 1000;
    // 1 is how a stop looks on the pod, so a deadline of the pod's own is never less than 2.
    return Math.max(2, Math.ceil((end - this.#options.now()) / 1000));
  }
}

export function nameOfChild(ref: Pick<AttemptRef, 'name' | 'uid' | 'attempt'>, child: ChildRef): string {
  return childName(ref, ref.attempt, child.role, child.role === 'worker' ? child.ordinal : undefined);
}

const podSpec = z.record(z.string(), z.unknown());

/** A pod that this operator does not make, whoever asks. */
export class RefusedPod extends Error {}

const filesView = z.object({ data: z.object({ 'resolved.json': z.string() }) });

function stored(configMap: KubeObject): Resolved {
  return resolvedSchema.parse(JSON.parse(filesView.parse(configMap).data['resolved.json']));
}
