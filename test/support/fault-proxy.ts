import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import {
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import { type Agent, type Server as TlsServer, createServer as createTlsServer, request } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from './certificate.ts';
import { lagBehind, splitInto } from './answer-flow.ts';
import { kubeconfigFor } from './proxy-kubeconfig.ts';
import { type Target, targetOf } from './proxy-target.ts';
import { type Fault, FaultRules, type Match } from './fault.ts';

export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** When it came, by `performance.now()`. */
  readonly at: number;
  /** When the server answered; undefined: not (yet). */
  answeredAt?: number;
  /** What the client was answered; 0: nothing (yet). */
  status: number;
  /** The server did it, but its answer was kept from the client. */
  answerLost?: boolean;
}

interface Exchange {
  readonly path: string;
  readonly response: ServerResponse;
  readonly upstream: IncomingMessage;
}

/**
 * A proxy on the loopback in front of a real API server, which breaks the wire on demand. It speaks to the server with the credentials
 * of the given kubeconfig; clients use `kubeconfig`, written for it: over TLS with a certificate of its own, or plainly, which costs
 * both ends a third of their time less.
 */
export class FaultProxy {
  /** Path of a kubeconfig that leads through the proxy. */
  readonly kubeconfig: string;
  /** Every request so far, in order. */
  readonly requests: SeenRequest[] = [];
  /** Connections that clients opened so far. */
  connectionsOpened = 0;
  readonly #directory: string;
  readonly #rules = new FaultRules();
  readonly #running = new Set<Exchange>();
  /** Writes that the server has and has not answered yet. */
  readonly #writes = new Set<Promise<void>>();
  readonly #struck = new WeakSet<Exchange>();
  /** By the client's port: TLS sockets cannot be reset, the TCP sockets below them can. */
  readonly #sockets = new Map<number, Socket>();
  readonly #frozen = new WeakSet<Socket>();
  readonly #target: Target;
  readonly #server: Server | TlsServer;
  readonly #ownsAgent: boolean;

  private constructor(directory: string, server: Server | TlsServer, target: Target, ownsAgent: boolean) {
    this.#directory = directory;
    this.kubeconfig = join(directory, 'kubeconfig');
    this.#server = server;
    this.#target = target;
    this.#ownsAgent = ownsAgent;
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on(
      'request',
      (incoming: IncomingMessage, response: ServerResponse) => void this.#serve(incoming, response),
    );
  }

  static async start(options: {
    readonly kubeconfig: string;
    /** The connections to the server, where many proxies share them. */
    readonly agent?: Agent;
    readonly plain?: boolean;
  }): Promise<FaultProxy> {
    const directory = await mkdtemp(join(tmpdir(), 'fault-proxy-'));
    const target = await targetOf(options.kubeconfig, options.agent);
    const certificate = options.plain === true ? undefined : await selfSigned(directory);
    const alive = { keepAliveTimeout: 90_000 };
    const server =
      certificate === undefined ? createServer(alive) : createTlsServer({ ...certificate, ...alive });
    const proxy = new FaultProxy(directory, server, target, options.agent === undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    await writeFile(
      proxy.kubeconfig,
      kubeconfigFor(proxy.#url(certificate === undefined ? 'http' : 'https'), certificate?.cert),
      { mode: 0o600 },
    );
    return proxy;
  }

  #url(scheme: 'http' | 'https'): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new Error('The fault proxy does not listen');
    }
    return `${scheme}://127.0.0.1:${address.port}`;
  }

  /** Connections that clients have open now. */
  get connectionsOpen(): number {
    return this.#sockets.size;
  }

  /** Applies the fault to matching requests to come. Returns what removes the rule. */
  on(match: Match, fault: Fault): () => void {
    return this.#rules.add(match, fault);
  }

  /** Removes all rules. */
  heal(): void {
    this.#rules.clear();
  }

  /**
   * Breaks the answers that are under way on matching paths, watches mostly, and says how many:
   * `reset` the connection, `halfOpen` pass nothing on any more, `gone` end with a 410 error event, `end` in good order.
   */
  strike(path: RegExp, how: 'reset' | 'halfOpen' | 'gone' | 'end'): number {
    const struck = [...this.#running].filter((exchange) => path.test(exchange.path));
    for (const exchange of struck) {
      const { response, upstream } = exchange;
      this.#struck.add(exchange);
      upstream.unpipe();
      upstream.removeAllListeners('data');
      upstream.resume();
      if (how === 'reset') {
        this.#reset(response);
      } else if (how === 'gone') {
        const object = {
          kind: 'Status',
          apiVersion: 'v1',
          code: 410,
          reason: 'Expired',
          message: 'too old resource version',
        };
        response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      } else if (how === 'end') {
        response.end();
      }
    }
    return struck.length;
  }

  /** The connections open now answer nothing any more, idle ones included; new ones work. */
  freezeConnections(): void {
    for (const socket of this.#sockets.values()) {
      this.#frozen.add(socket);
    }
    this.strike(/./, 'halfOpen');
  }

  /**
   * Cuts all clients off. Writes that the server has already are waited for: whoever follows a dead operator begins when its lease has
   * run out, and nothing of it is under way any more.
   */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets.values()) {
      socket.destroy();
    }
    await closed;
    await Promise.all(this.#writes);
    if (this.#ownsAgent) this.#target.agent.destroy();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #track(socket: Socket): void {
    const port = socket.remotePort ?? 0;
    this.connectionsOpened += 1;
    this.#sockets.set(port, socket);
    socket.on('close', () => this.#sockets.delete(port));
    socket.on('error', () => undefined);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = incoming;
    const seen: SeenRequest = { method, path, at: performance.now(), status: 0 };
    this.requests.push(seen);
    const socket = this.#sockets.get(incoming.socket.remotePort ?? 0);
    const fault =
      socket !== undefined && this.#frozen.has(socket)
        ? { type: 'halfOpen' as const }
        : this.#rules.for(method, path);
    if (fault?.type === 'delay') {
      await sleep(fault.ms);
    } else if (fault?.type === 'reset') {
      this.#reset(response);
      return;
    } else if (fault?.type === 'halfOpen') {
      return;
    } else if (fault?.type === 'status') {
      seen.status = fault.status;
      const { status: code } = fault;
      const body = fault.body ?? {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code,
        message: 'injected',
      };
      incoming.resume();
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
      return;
    }
    this.#forward(incoming, response, seen, fault);
  }

  #forward(
    incoming: IncomingMessage,
    response: ServerResponse,
    seen: SeenRequest,
    fault: Fault | undefined,
  ): void {
    const { server, agent } = this.#target;
    const headers = { ...incoming.headers, ...this.#target.headers, host: server.host };
    delete headers['accept-encoding'];
    delete headers.connection;
    const target = {
      agent,
      headers,
      method: seen.method,
      path: seen.path,
      host: server.hostname,
      port: server.port,
    };
    const outgoing = request(target, (upstream) => {
      seen.answeredAt = performance.now();
      if (fault?.type === 'keepAnswer' || response.destroyed) {
        seen.answerLost = true;
        upstream.resume();
        return;
      }
      if (fault?.type === 'loseAnswer') {
        seen.answerLost = true;
        upstream.resume().on('end', () => this.#reset(response));
        return;
      }
      seen.status = upstream.statusCode ?? 0;
      const exchange: Exchange = { path: seen.path, response, upstream };
      this.#running.add(exchange);
      response.on('close', () => {
        this.#running.delete(exchange);
        upstream.destroy();
      });
      const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...answer } = upstream.headers;
      response.writeHead(seen.status, answer);
      response.flushHeaders();
      if (fault?.type === 'split') {
        splitInto(upstream, response, fault.bytes);
      } else if (fault?.type === 'lag') {
        lagBehind(upstream, response, fault.ms, () => !this.#struck.has(exchange));
      } else {
        upstream.pipe(response);
      }
      upstream.on('error', () => response.destroy());
    });
    outgoing.on('error', () => response.destroy());
    const isWrite = seen.method !== 'GET';
    response.on('close', () => {
      if (!isWrite || !incoming.complete) outgoing.destroy();
    });
    if (isWrite) this.#wait(outgoing);
    incoming.pipe(outgoing);
  }

  #wait(outgoing: ClientRequest): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writes.add(promise);
    outgoing.once('response', resolve).once('close', resolve);
    void promise.then(() => this.#writes.delete(promise));
  }

  #reset(response: ServerResponse): void {
    const port = response.socket?.remotePort ?? 0;
    this.#sockets.get(port)?.resetAndDestroy();
  }
}
