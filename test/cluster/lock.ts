import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Runs `body` while holding an exclusive lock on `path`, across processes. `onWait` is called once if another holds it.
 * The lock is the kernel's (flock), held by a child that ends with our end of its pipe: a killed process leaves none.
 */
export async function withLock<T>(path: string, body: () => Promise<T>, onWait?: () => void): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const patience = setTimeout(() => onWait?.(), 500);
  try {
    const first = await Promise.race([once(holder.stdout, 'data'), ended]);
    if (String(first[0]).trim() !== 'held')
      throw new Error(`cannot lock ${path}: flock ended with ${String(first[0])}`);
    clearTimeout(patience);
    return await body();
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
    await ended;
  }
}
