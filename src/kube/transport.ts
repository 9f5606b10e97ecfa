import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import { backoffMs, type Backoff } from './backoff.ts';
import { CredentialSource } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { ApiError, FencedError, NetworkError, apiError } from './errors.ts';
import { parse } from '../json.ts';
import { Connections, type Pools } from './pools.ts';
import { Slots } from './slots.ts';

export interface TransportOptions {
  /** Requests under way at most, each on a connection of its own; streams have theirs besides. Default 32. */
  readonly connections?: number;
  /** Limit of one attempt of a read, in milliseconds, counted from when it is sent. Default 30 000. */
  readonly readTimeoutMs?: number;
  /** Limit of one attempt of a write. Default 4 500: below the 5 s between a leader's renew deadline and the end of its lease. */
  readonly writeTimeoutMs?: number;
  readonly userAgent?: string;
  /** Told of every attempt: its verb, the answer's status (0: none came), and milliseconds until then, for streams until the first byte. */
  readonly onAttempt?: (verb: string, status: number, ms: number) => void;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON text. */
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** Limit of one attempt. For a stream: of the time to its first byte. */
  readonly timeoutMs?: number | undefined;
  /** Asked before every attempt of a write. */
  readonly mayWrite?: (() => boolean) | undefined;
  /** Whether sending it twice does no harm. Default: everything but POST and PATCH. */
  readonly idempotent?: boolean;
}

const ATTEMPTS = 4;
const BACKOFF: Backoff = { baseMs: 200, maxMs: 5_000, jitter: 0.5 };
/** Longer waits belong to the caller, who can do something else meanwhile. */
const MAX_WAIT_MS = 10_000;

/**
 * HTTP to one API server, over one pool of kept-alive HTTP/1.1 connections.
 *
 * - So many requests at a time; the others wait their turn, which costs them none of their time-out. Streams do not count.
 * - Every request has a time-out and can be aborted; a time-out closes its connection, so a dead one is not used again.
 * - 429 and 503: waits as told by Retry-After (else a back-off), up to 4 attempts, only when sending twice does no harm.
 * - A connection lost before the answer: reads are sent again; writes throw NetworkError, since they may have taken place.
 * - 401: credentials are read anew and the request is sent once more. Changed TLS material replaces the pool.
 * - Throws ApiError (or a subclass), NetworkError, FencedError, or the signal's reason.
 */
export class Transport {
  readonly #source: CredentialSource;
  readonly #options: Required<TransportOptions>;
  readonly #slots: Slots;
  readonly #connections: Connections;

  constructor(kubeConfig: KubeConfig, options: TransportOptions = {}) {
    this.#source = new CredentialSource(kubeConfig);
    this.#options = {
      connections: options.connections ?? 32,
      readTimeoutMs: options.readTimeoutMs ?? 30_000,
      writeTimeoutMs: options.writeTimeoutMs ?? 4_500,
      userAgent: options.userAgent ?? 'flowrun-operator',
      onAttempt: options.onAttempt ?? (() => undefined),
    };
    this.#slots = new Slots(this.#options.connections);
    this.#connections = new Connections(this.#options.connections);
  }

  /** The parsed answer. */
  async request(request: Request): Promise<unknown> {
    const isRead = request.method === 'GET';
    const idempotent = request.idempotent ?? (request.method !== 'POST' && request.method !== 'PATCH');
    for (let attempt = 1; ; attempt += 1) {
      let waitMs: number;
      try {
        return await this.#slots.run(() => this.#attempt(request), request.signal);
      } catch (error) {
        const delay = retryDelayMs(error, attempt, isRead, idempotent);
        if (delay === undefined || attempt === ATTEMPTS) {
          throw error;
        }
        waitMs = delay;
      }
      await sleep(waitMs, undefined, request.signal === undefined ? {} : { signal: request.signal }).catch(
        () => {
          throw abortReason(request.signal);
        },
      );
    }
  }

  /**
   * The body of a long answer as it arrives, decoded. Not retried. Throws as `request`; ends with NetworkError when nothing was
   * received for `idleMs`. Stopping the iteration closes the connection.
   */
  async *stream(request: Request, idleMs: number): AsyncGenerator<string, void, undefined> {
    using deadline = new Deadline(request.timeoutMs ?? this.#options.readTimeoutMs, request.signal);
    try {
      const response = await this.#send(request, 'streams', deadline.signal, idleMs);
      deadline.lift();
      const decoder = new TextDecoder();
      const body: AsyncIterable<Uint8Array> = response.body;
      for await (const chunk of body) {
        yield decoder.decode(chunk, { stream: true });
      }
    } catch (error) {
      throw classify(error, request, deadline.passed);
    }
  }

  async close(): Promise<void> {
    await this.#connections.destroy();
  }

  async #attempt(request: Request): Promise<unknown> {
    const limit =
      request.timeoutMs ??
      (request.method === 'GET' ? this.#options.readTimeoutMs : this.#options.writeTimeoutMs);
    using deadline = new Deadline(limit, request.signal);
    try {
      const response = await this.#send(request, 'requests', deadline.signal, limit);
      const text = await response.body.text();
      return text === '' ? undefined : parse(text);
    } catch (error) {
      throw classify(error, request, deadline.passed);
    }
  }

  /** Sends, once more after a 401; an answer of 400 and above is thrown. */
  async #send(
    request: Request,
    pool: keyof Pools,
    signal: AbortSignal,
    bodyTimeout: number,
  ): Promise<Dispatcher.ResponseData> {
    for (let renewed = false; ; renewed = true) {
      signal.throwIfAborted();
      const credentials = await this.#source.get();
      if (request.method !== 'GET' && request.mayWrite?.() === false) {
        throw new FencedError(`${describe(request)}: not sent, this process may not write now`);
      }
      const response = await this.#timed(request, pool, () =>
        this.#connections.for(credentials)[pool].request({
          origin: new URL(credentials.server).origin,
          path: pathOf(request, credentials.server),
          method: request.method,
          headers: {
            accept: 'application/json',
            'user-agent': this.#options.userAgent,
            ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
            ...credentials.headers,
          },
          body: request.body ?? null,
          signal,
          headersTimeout: 0,
          bodyTimeout,
        }),
      );
      if (response.statusCode < 400) {
        return response;
      }
      const text = await response.body.text();
      if (response.statusCode === 401 && !renewed) {
        await this.#source.refresh(credentials);
        continue;
      }
      const retryAfter = response.headers['retry-after'];
      throw apiError(describe(request), response.statusCode, lenientJson(text), String(retryAfter ?? ''));
    }
  }

  async #timed(
    { method }: Request,
    pool: keyof Pools,
    send: () => Promise<Dispatcher.ResponseData>,
  ): Promise<Dispatcher.ResponseData> {
    const verb = pool === 'streams' ? 'WATCH' : method;
    const sentAt = performance.now();
    let status = 0;
    try {
      const response = await send();
      status = response.statusCode;
      return response;
    } finally {
      this.#options.onAttempt(verb, status, performance.now() - sentAt);
    }
  }
}

function classify(error: unknown, request: Request, timedOut: boolean): unknown {
  if (request.signal?.aborted === true) {
    return abortReason(request.signal);
  }
  if (error instanceof FencedError || error instanceof ApiError) {
    return error;
  }
  const cause = error instanceof Error ? error.message : String(error);
  return new NetworkError(`${describe(request)}: ${timedOut ? 'timed out' : `no answer: ${cause}`}`, {
    cause: error,
  });
}

function retryDelayMs(
  error: unknown,
  attempt: number,
  isRead: boolean,
  idempotent: boolean,
): number | undefined {
  if (error instanceof NetworkError) {
    return isRead ? backoffMs(BACKOFF, attempt) : undefined;
  }
  if (!idempotent || !(error instanceof ApiError) || (error.status !== 429 && error.status !== 503)) {
    return undefined;
  }
  const delay = error.retryAfter === undefined ? backoffMs(BACKOFF, attempt) : error.retryAfter * 1000;
  return delay > MAX_WAIT_MS ? undefined : delay;
}

function pathOf(request: Request, server: string): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) {
      query.set(key, String(value));
    }
  }
  const prefix = new URL(server).pathname.replace(/\/+$/, '');
  return `${prefix}${request.path}${query.size === 0 ? '' : `?${query.toString()}`}`;
}

function describe(request: Request): string {
  return `${request.method} ${request.path}`;
}

function lenientJson(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function abortReason(signal: AbortSignal | undefined): unknown {
  return signal?.reason ?? new Error('Aborted');
}
