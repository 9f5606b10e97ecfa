import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { Assembler, frameCount } from '../../src/dask/framing.ts';
import { pack, unpack } from '../../src/dask/msgpack.ts';

const poll = z.looseObject({
  op: z.literal('flowrun_sample'),
  after: z.coerce.number(),
  wait: z.coerce.number(),
  drain: z.array(z.string()).default([]),
});

interface Waiting {
  socket: WebSocket;
  after: number;
  timer: NodeJS.Timeout;
}

/**
 * What the operator sees of a Dask scheduler, without one: it speaks the RPC and says whatever `sample` returns, at once when told
 * that something has changed, else when the poll's time is over.
 */
export class PlayedScheduler implements AsyncDisposable {
  /** Names of the workers that the operator wants to leave. */
  drain: readonly string[] = [];
  readonly #server: WebSocketServer;
  readonly #sample: () => object;
  readonly #onDrain: (names: readonly string[]) => void;
  readonly #waiting = new Set<Waiting>();
  #seq = 1;

  private constructor(
    server: WebSocketServer,
    sample: () => object,
    onDrain: (names: readonly string[]) => void,
  ) {
    this.#server = server;
    this.#sample = sample;
    this.#onDrain = onDrain;
    server.on('connection', (socket) => this.#serve(socket));
  }

  /** `sample`: everything of an answer but `seq` and `time`. `onDrain` is told what every poll asks to leave. */
  static async listen(
    host: string,
    port: number,
    sample: () => object,
    onDrain: (names: readonly string[]) => void,
  ): Promise<PlayedScheduler> {
    const server = new WebSocketServer({ host, port });
    await once(server, 'listening');
    return new PlayedScheduler(server, sample, onDrain);
  }

  /** Something that a controller should react to at once has changed. */
  changed(): void {
    this.#seq += 1;
    for (const waiting of this.#waiting) this.#answer(waiting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    for (const socket of this.#server.clients) socket.terminate();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #serve(socket: WebSocket): void {
    const assembler = new Assembler();
    let shaken = false;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const waiting of this.#waiting) if (waiting.socket === socket) this.#drop(waiting);
    });
    send(socket, { compression: null, python: [3, 11, 7], 'pickle-protocol': 5 });
    socket.on('message', (data) => {
      const frames = assembler.push(Buffer.isBuffer(data) ? data : Buffer.from([]));
      const [frame] = frames ?? [];
      if (frame === undefined) return;
      if (shaken) this.#asked(socket, unpack(frame));
      shaken = true;
    });
  }

  #asked(socket: WebSocket, request: unknown): void {
    const { after, wait, drain } = poll.parse(request);
    this.#onDrain(drain);
    const timer = setTimeout(() => this.#answer(waiting), wait * 1000);
    const waiting: Waiting = { socket, after, timer };
    this.#waiting.add(waiting);
    if (after !== this.#seq) this.#answer(waiting);
  }

  #answer(waiting: Waiting): void {
    this.#drop(waiting);
    send(waiting.socket, { ...this.#sample(), seq: this.#seq, time: Date.now() / 1000 });
  }

  #drop(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }
}

function send(socket: WebSocket, value: unknown): void {
  socket.send(frameCount(1));
  socket.send(pack(value));
}
