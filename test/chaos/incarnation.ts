import type { Agent } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { Operator } from '../../src/controller/operator.ts';
import { FaultProxy, type SeenRequest } from '../support/fault-proxy.ts';
import { settings } from '../../src/config.ts';
import type { LeaseTimes } from '../../src/kube/lease.ts';

const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'];
/** Events are best effort, the seed of all keys and the Lease are no run's: none is part of a run's protocol. */
const OF_A_RUN = /^(?!.*(\/events|\/flowrun-operator-seed|\/leases))/;
/** All requests of a run but watches. */
const CALLS = /^(?!.*(\/events|\/flowrun-operator-seed|\/leases|[?&]watch=))/;
const LOG_LINES = 400;
/** As long after the renew deadline as ever, so that a write that is under way then ends before anybody else begins. */
const LEASE_TIMES: LeaseTimes = { leaseMs: 6_000, renewDeadlineMs: 1_000, retryMs: 200 };

export const LEASES = /\/leases\//;
export const WATCHES = /[?&]watch=/;
export const WRITE_MATCH = { methods: WRITES, path: OF_A_RUN };
export const CALL_MATCH = { path: CALLS };

export interface IncarnationOptions {
  readonly kubeconfig: string;
  /** Connections to the server. */
  readonly agent: Agent;
  readonly namespace: string;
  readonly seedNamespace: string;
  readonly now: () => number;
  /** It works while it holds the Lease of the namespace. Otherwise it works at once. */
  readonly withLease: boolean;
}

/**
 * One life of an operator, behind a proxy of its own. It runs in this process: a hundred can be born in the time that a process takes
 * to start. Its death is that of its proxy: nothing it does afterwards can reach the server, as after a SIGKILL.
 */
export class Incarnation {
  readonly proxy: FaultProxy;
  readonly #stop = new AbortController();
  readonly #log: string[] = [];
  #running: Promise<void> = Promise.resolve();
  #dead = false;
  readonly #calls: SeenRequest[] = [];
  #sorted = 0;
  failure: unknown;

  private constructor(proxy: FaultProxy) {
    this.proxy = proxy;
  }

  /** `prepare` breaks its wire before it is born. */
  static async start(
    options: IncarnationOptions,
    prepare: (proxy: FaultProxy) => void = () => undefined,
  ): Promise<Incarnation> {
    const { kubeconfig, agent, namespace, seedNamespace, now, withLease } = options;
    const incarnation = new Incarnation(await FaultProxy.start({ kubeconfig, agent, plain: true }));
    prepare(incarnation.proxy);
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(incarnation.proxy.kubeconfig);
    const log = pino({ base: null }, { write: (line: string) => incarnation.#note(line) });
    const config = settings.parse({
      namespace,
      seedNamespace,
      sampleSeconds: 1,
      concurrency: 4,
      leaseNamespace: withLease ? namespace : undefined,
    });
    const operator = new Operator({
      kubeConfig,
      config,
      version: 'chaos',
      instance: `chaos-${namespace}-${Math.round(performance.now())}`,
      log,
      now,
      leaseTimes: LEASE_TIMES,
    });
    incarnation.#running = operator.run(incarnation.#stop.signal).then(
      () => undefined,
      (error: unknown) => {
        if (!incarnation.#dead) incarnation.failure = error;
      },
    );
    return incarnation;
  }

  get log(): string {
    return this.#log.join('');
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Requests so far that are part of a run's protocol, watches apart. */
  get calls(): readonly SeenRequest[] {
    for (const request of this.proxy.requests.slice(this.#sorted))
      if (CALLS.test(request.path)) this.#calls.push(request);
    this.#sorted = this.proxy.requests.length;
    return this.#calls;
  }

  get writes(): SeenRequest[] {
    return this.calls.filter(({ method }) => WRITES.includes(method));
  }

  /** Writes that took place. */
  get done(): SeenRequest[] {
    return this.writes.filter(
      ({ status, answerLost }) => (status >= 200 && status < 300) || answerLost === true,
    );
  }

  get working(): boolean {
    return this.#log.some((line) => line.includes('Caches are filled; working'));
  }

  /** Dies at once. */
  kill(): Promise<void> {
    this.#dead = true;
    const closed = this.proxy.close();
    this.#stop.abort();
    return closed;
  }

  /** Ends in good order, if it lives. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (!this.#dead) await this.proxy.close();
    this.#dead = true;
  }

  #note(line: string): void {
    this.#log.push(line);
    if (this.#log.length > LOG_LINES) this.#log.splice(1, 1);
  }
}
