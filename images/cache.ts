import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** FlowRun's cache: `$FLOWRUN_CACHE`, else `flowrun` below `$XDG_CACHE_HOME`, else below `~/.cache`. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env['FLOWRUN_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'flowrun');
}

/** First 12 hex digits of the SHA-256 over the parts; each part's length counts, so `['ab', 'c']` and `['a', 'bc']` differ. */
export function hashOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return hash.digest('hex').slice(0, 12);
}

/** The texts of the files, in the given order: the inputs of {@link hashOf}. */
export function readAll(files: readonly string[]): Promise<string[]> {
  return Promise.all(files.map((file) => readFile(file, 'utf8')));
}

/**
 * Makes `target` (a file or a directory) unless it exists, and returns its path. `make` works in a scratch directory beside the
 * target and returns the path in it that becomes the target by one rename: a target is complete or absent.
 * Processes of one machine take turns; one that is killed leaves at most a scratch directory, which the next turn in that folder removes.
 */
export async function cached(target: string, make: (scratch: string) => Promise<string>): Promise<string> {
  if (await exists(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  await using _turn = await takeTurn(target);
  if (await exists(target)) return target;

  await sweep(target);
  const scratch = await mkdtemp(join(dirname(target), `.${basename(target)}.`));
  try {
    await rename(await make(scratch), target);
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
  return target;
}

/** Removes scratch directories beside `target` that nobody works in. The caller has the turn of `target`. */
async function sweep(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    const [, owner] = /^\.(.+)\.\w{6}$/.exec(name) ?? [];
    if (owner === undefined) continue;
    const turn =
      owner === basename(target) ? IN_HAND : await tryListen(addressOf(join(dirname(target), owner)));
    if (!turn) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true, maxRetries: 3 });
    await turn[Symbol.asyncDispose]();
  }
}

const IN_HAND: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} };

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/**
 * A lock of the whole machine: whoever listens on the target's abstract Unix socket has it. The kernel takes it back when
 * the holder ends in any way, so it is never stale; those who wait hold a connection and see it close.
 */
async function takeTurn(target: string): Promise<AsyncDisposable> {
  for (;;) {
    const server = await tryListen(addressOf(target));
    if (server) return server;
    await new Promise<void>((resolve) => {
      const waiting = connect(addressOf(target)).resume();
      waiting.on('error', () => {}).on('close', () => resolve());
    });
  }
}

function addressOf(target: string): string {
  return `\0flowrun-cache-${hashOf([target])}`;
}

function tryListen(path: string): Promise<AsyncDisposable | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy(): unknown }>();
    const server: Server = createServer((socket) => waiting.add(socket.on('error', () => {})));
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      const dispose = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          for (const socket of waiting) socket.destroy();
        });
      resolve({ [Symbol.asyncDispose]: dispose });
    });
  });
}
