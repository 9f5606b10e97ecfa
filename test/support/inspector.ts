import { once } from 'node:events';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { parse } from '../../src/json.ts';

const held = z.object({
  heapBytes: z.number(),
  rssBytes: z.number(),
  /** Kinds of what keeps the process alive, one for each: TCPSocketWrap, Timeout, … */
  resources: z.array(z.string()),
});
/** What a process holds. */
export type Held = z.infer<typeof held>;

const HELD = `({
  heapBytes: process.memoryUsage().heapUsed,
  rssBytes: process.memoryUsage().rss,
  resources: process.getActiveResourcesInfo(),
})`;

const answer = z.looseObject({ id: z.number(), error: z.looseObject({ message: z.string() }).optional() });
const evaluated = z.looseObject({ result: z.looseObject({ result: z.looseObject({ value: held }) }) });

/** Looks into a process of Node that was started with `--inspect=127.0.0.1:0`, over its debugging protocol. */
export class Inspector implements AsyncDisposable {
  readonly #socket: WebSocket;
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** `said`: what the process has printed, its address among it. */
  static async open(said: string): Promise<Inspector> {
    const url = /ws:\/\/\S+/.exec(said)?.[0];
    if (url === undefined) throw new Error('the process has not said where it can be inspected');
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** After a full garbage collection. */
  async held(): Promise<Held> {
    await this.#ask('HeapProfiler.collectGarbage');
    const said = await this.#ask('Runtime.evaluate', { expression: HELD, returnByValue: true });
    return evaluated.parse(said).result.result.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  async #ask(method: string, params: object = {}): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onMessage = (data: Buffer) => {
      const message = parse(data.toString());
      const told = answer.safeParse(message);
      if (!told.success || told.data.id !== id) return;
      if (told.data.error === undefined) resolve(message);
      else reject(new Error(`${method}: ${told.data.error.message}`));
    };
    const onClose = () => reject(new Error(`${method}: the process is gone`));
    this.#socket.on('message', onMessage).once('close', onClose);
    try {
      this.#socket.send(JSON.stringify({ id, method, params }));
      return await promise;
    } finally {
      this.#socket.off('message', onMessage).off('close', onClose);
    }
  }
}
