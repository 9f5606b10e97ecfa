import { type RawData, WebSocket } from 'ws';
import { Assembler, frameCount, MAX_MESSAGE_BYTES } from './framing.ts';
import { pack, unpack } from './msgpack.ts';

/** `unreachable`: no connection, or it went away. `protocol`: the peer does not speak as Dask does. `remote`: the operation itself failed there. */
type CommErrorKind = 'unreachable' | 'timeout' | 'protocol' | 'remote';

/** Handed back as a value, never thrown: a user's scheduler that misbehaves is an ordinary event. */
export class CommError extends Error {
  readonly kind: CommErrorKind;

  constructor(kind: CommErrorKind, message: string) {
    super(message.slice(0, 500));
    this.name = 'CommError';
    this.kind = kind;
  }
}

/** PEM texts: the run's CA and the operator's own certificate. `servername` is the name the scheduler's certificate must carry. */
export interface TlsOptions {
  ca: string;
  cert: string;
  key: string;
  servername: string;
}

export interface CommOptions {
  tls?: TlsOptions | undefined;
  /** For TCP, TLS and the WebSocket upgrade together. */
  connectTimeoutMs?: number;
  /** For Dask's own handshake. */
  handshakeTimeoutMs?: number;
  signal?: AbortSignal;
}

// Compression concerns only serialised Python objects; `python` may be null, but without a pickle protocol Dask never answers.
const HANDSHAKE = { compression: null, python: null, 'pickle-protocol': 4 };
const MAX_UNREAD = 4;

/** One Dask comm over WebSocket. After any error it is closed, and every later read gives that error. */
export class Comm {
  readonly #socket: WebSocket;
  readonly #assembler = new Assembler();
  readonly #unread: unknown[] = [];
  #waiting: ((value: unknown) => void) | undefined;
  #failure: CommError | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('close', (code) =>
      this.#fail(new CommError('unreachable', `the scheduler closed the connection (code ${code})`)),
    );
    socket.on('error', (error) => this.#fail(fromSocket(error)));
  }

  /** Connects and shakes hands. `url` is `ws://host:port` or `wss://host:port`. */
  static async open(url: string, options: CommOptions = {}): Promise<Comm | CommError> {
    const { tls, connectTimeoutMs = 3000, handshakeTimeoutMs = 3000, signal } = options;
    if (signal?.aborted) return new CommError('unreachable', 'aborted');
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, {
        ...tls,
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: false,
        followRedirects: false,
      });
    } catch (error) {
      return new CommError('unreachable', `${url}: ${String(error)}`);
    }
    const comm = new Comm(socket);
    const abort = () => comm.close();
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('close', () => signal?.removeEventListener('abort', abort));
    socket.once('open', () => comm.#deliver('open'));
    const opened = await comm.read(connectTimeoutMs, `no connection to ${url}`);
    if (opened instanceof CommError) return opened;
    comm.write(HANDSHAKE);
    const handshake = await comm.read(handshakeTimeoutMs, 'no handshake');
    if (handshake instanceof CommError) return handshake;
    if (typeof handshake !== 'object' || handshake === null || !('pickle-protocol' in handshake)) {
      return comm.#fail(
        new CommError('protocol', 'the peer is not a Dask scheduler: its handshake has no pickle-protocol'),
      );
    }
    return comm;
  }

  /** Queues a message of plain data. On a closed comm it does nothing: the next read tells. */
  write(message: unknown): void {
    if (this.#failure !== undefined) return;
    this.#socket.send(frameCount(1));
    this.#socket.send(pack(message));
  }

  /** The next message, or the error that ended the comm; a time-out ends it too, since a late answer would be taken for the next one's. */
  async read(timeoutMs: number, what = 'no answer'): Promise<unknown> {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#unread.length > 0) return this.#unread.shift();
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.#fail(new CommError('timeout', `${what} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#waiting = (value) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(value);
      };
    });
  }

  /** Idempotent. A pending read ends with `unreachable`. */
  close(): void {
    this.#fail(new CommError('unreachable', 'closed'));
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#failure !== undefined) return;
    try {
      if (!isBinary || !Buffer.isBuffer(data)) throw new TypeError('a text message');
      const frames = this.#assembler.push(data);
      // Further frames hold serialised Python objects, which are never read.
      if (frames !== undefined) this.#deliver(unpack(frames[0]!));
    } catch (error) {
      this.#fail(new CommError('protocol', `the peer does not speak Dask's protocol: ${message(error)}`));
    }
  }

  #deliver(value: unknown): void {
    if (this.#waiting !== undefined) this.#waiting(value);
    else if (this.#unread.length < MAX_UNREAD) this.#unread.push(value);
    else this.#fail(new CommError('protocol', 'the peer sends messages nobody asked for'));
  }

  #fail(error: CommError): CommError {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = error;
    this.#unread.length = 0;
    // No closing handshake: a peer that does not answer it would hold the socket.
    this.#socket.terminate();
    this.#waiting?.(error);
    return error;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fromSocket(error: Error & { code?: string }): CommError {
  if (error.code?.startsWith('WS_ERR_'))
    return new CommError('protocol', `the peer breaks the WebSocket protocol: ${error.message}`);
  return new CommError('unreachable', error.message || error.code || 'connection failed');
}
