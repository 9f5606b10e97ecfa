import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const preloads = (name: string) => file(`../../../src/dask/python/${name}`);

/** Waits until `probe` gives something else than undefined or false; the last answer is in the error. */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 20,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`still not after ${seconds} s: ${String(probe)}`);
    await sleep(20);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

// A test that is out of time is not waited for: what it has not disposed of goes with this process.
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A child process with all its output, killed when disposed of. */
export class Process implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;
  output = '';

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(command, args, {
      cwd: tmpdir(),
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    alive.add(this.child);
    this.child.once('exit', () => alive.delete(this.child));
    this.child.stdout?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** A real scheduler made by the starter, or as anybody would start one, with the ports and environment of the test. */
export class Scheduler extends Process {
  readonly address: string;
  readonly url: string;
  /** Of its workers, which are disposed of before it. */
  readonly #scratch: string;

  private constructor(
    python: string,
    { ports, env, plain }: { ports: [number, number]; env: Record<string, string>; plain: boolean },
  ) {
    const start = plain
      ? ['-m', 'distributed.cli.dask_scheduler', '--protocol', 'tcp,ws']
      : [preloads('scheduler.py'), '--'];
    const extra = ['--host', '127.0.0.1', '--port', ports.join(','), '--dashboard-address', '127.0.0.1:0'];
    super(python, ['-u', ...start, ...extra], {
      FLOWRUN_UID: 'uid-1',
      FLOWRUN_ATTEMPT: '1',
      ...env,
    });
    this.address = `tcp://127.0.0.1:${ports[0]}`;
    this.url = `ws://127.0.0.1:${ports[1]}`;
    this.#scratch = join(tmpdir(), `flowrun-dask-${ports[0]}`);
  }

  static async start(
    python: string,
    {
      env = {},
      ports,
      plain = false,
    }: { env?: Record<string, string>; ports?: [number, number]; plain?: boolean } = {},
  ): Promise<Scheduler> {
    return new Scheduler(python, { ports: ports ?? [await freePort(), await freePort()], env, plain });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  worker(
    python: string,
    name: string,
    { env = {}, args = [] }: { env?: Record<string, string>; args?: string[] } = {},
  ): Process {
    const fixed = [
      '--name',
      name,
      '--no-dashboard',
      '--nthreads',
      '1',
      '--memory-limit',
      '0',
      '--death-timeout',
      '60',
    ];
    const mode = args.includes('--nanny') ? [] : ['--no-nanny'];
    const preload = ['--preload', preloads('worker_preload.py')];
    return new Process(
      python,
      [
        '-u',
        '-m',
        'distributed.cli.dask_worker',
        this.address,
        ...fixed,
        ...mode,
        ...preload,
        ...args,
        '--local-directory',
        this.#scratch,
      ],
      { FLOWRUN_GRACE_SECONDS: '20', ...env },
    );
  }

  async client(python: string, name = 'flowrun-launcher-test'): Promise<Driver> {
    const driver = new Driver(python, this.address, name);
    await driver.ready;
    return driver;
  }
}

/** A Python client steered line by line; see driver.py. */
export class Driver extends Process {
  readonly ready: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string, address: string, name: string) {
    super(python, ['-u', file('./driver.py'), address, name]);
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.ready = this.#answer();
  }

  /** Runs `code`, then gives the value of the expression. */
  async run(code: string, value = 'None'): Promise<unknown> {
    this.child.stdin!.write(`${JSON.stringify({ code, value })}\n`);
    return this.#answer();
  }

  async #answer(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`the client ended: ${this.output}`);
    const reply: unknown = JSON.parse(line.value);
    if (typeof reply === 'object' && reply !== null && 'error' in reply) throw new Error(String(reply.error));
    return typeof reply === 'object' && reply !== null && 'value' in reply ? reply.value : undefined;
  }
}
