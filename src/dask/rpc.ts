import { Comm, CommError, type CommOptions } from './comm.ts';

/** Operations of a Dask server over one comm, one at a time and in order. Errors are values. */
export class Rpc {
  readonly #comm: Comm;
  #previous: Promise<unknown> = Promise.resolve();

  private constructor(comm: Comm) {
    this.#comm = comm;
  }

  static async open(url: string, options?: CommOptions): Promise<Rpc | CommError> {
    const comm = await Comm.open(url, options);
    return comm instanceof CommError ? comm : new Rpc(comm);
  }

  /** The operation's answer. After any error but `remote` the connection is closed and all later calls give an error. */
  async call(op: string, args: Record<string, unknown>, timeoutMs: number): Promise<unknown> {
    const answer = this.#previous.then(async () => {
      this.#comm.write({ ...args, op, reply: true });
      return interpret(op, await this.#comm.read(timeoutMs, `no answer to ${op}`));
    });
    this.#previous = answer;
    return answer;
  }

  close(): void {
    this.#comm.close();
  }
}

function interpret(op: string, reply: unknown): unknown {
  if (
    typeof reply !== 'object' ||
    reply === null ||
    !('status' in reply) ||
    reply.status !== 'uncaught-error'
  )
    return reply;
  // `text` until 2021.08.
  const text = 'exception_text' in reply ? reply.exception_text : 'text' in reply ? reply.text : undefined;
  return new CommError('remote', `${op}: ${typeof text === 'string' ? text : 'failed without a text'}`);
}
