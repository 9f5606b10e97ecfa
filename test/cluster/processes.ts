import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Environment variable that every process of a cluster carries: `<state directory>#<component>`. */
const MARK = 'FLOWRUN_CLUSTER_PROCESS';

/** A living process of a cluster, as found in /proc. */
export interface Found {
  readonly pid: number;
  readonly component: string;
  /** Resident memory in MiB. */
  readonly memory: number;
  /** It only holds or enters namespaces for the component. */
  readonly wrapper: boolean;
}

/** A started component: rejects (`failed`) when it ends although nobody asked it to. */
export interface Started {
  readonly pid: number;
  readonly failed: Promise<never>;
  /** The process may from now on outlive this one. */
  release(): void;
}

/**
 * Starts a component that outlives this process, its output in `log`.
 * It is marked through its environment, which no other process can inherit by chance and which is gone with it: after
 * any crash the processes of a cluster are found by that mark, and neither a forgotten record nor a reused pid can mislead.
 */
export function start(directory: string, component: string, argv: readonly string[], log: string): Started {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error(`component ${component} has no command`);
  const output = openSync(log, 'w');
  const child = spawn(program, args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', output, output],
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      HOME: '/',
      [MARK]: `${directory}#${component}`,
    },
  });
  closeSync(output);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  child.once('error', (error) => reject(new Error(`cannot start ${component}: ${error.message}`)));
  child.once('exit', (code, signal) =>
    reject(
      new Error(`${component} ended (${signal ?? `exit code ${code}`}); the end of ${log}:\n${tail(log)}`),
    ),
  );
  return { pid: child.pid ?? 0, failed, release: () => child.unref() };
}

/** The last lines of a file, at most 4 KiB. */
export function tail(path: string): string {
  try {
    const file = openSync(path, 'r');
    const size = fstatSync(file).size;
    const buffer = Buffer.alloc(Math.min(size, 4096));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    closeSync(file);
    return buffer.toString().trim().split('\n').slice(-12).join('\n');
  } catch {
    return '(no output)';
  }
}

/** All living processes of the cluster whose state is in `directory`. Zombies do not count. */
export function findProcesses(directory: string): Found[] {
  const found: Found[] = [];
  const prefix = `${MARK}=${directory}#`;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const mark = read(`/proc/${entry}/environ`)
      .split('\0')
      .find((variable) => variable.startsWith(prefix));
    if (mark === undefined) continue;
    const status = read(`/proc/${entry}/status`);
    if (!isLiving(status)) continue;
    const memory = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    const wrapper = /^Name:\s+(unshare|nsenter)$/m.test(status);
    found.push({ pid: Number(entry), component: mark.slice(prefix.length), memory, wrapper });
  }
  return found;
}

/** Kills every process of the cluster and waits until none is left. Throws after 20 s. */
export async function killProcesses(directory: string): Promise<number> {
  const killed = new Set<number>();
  const deadline = performance.now() + 20_000;
  for (;;) {
    const living = findProcesses(directory);
    if (living.length === 0) return killed.size;
    if (performance.now() > deadline) {
      throw new Error(
        `these processes do not end: ${living.map((p) => `${p.component} (${p.pid})`).join(', ')}`,
      );
    }
    for (const { pid } of living) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it ended between the look and the signal
      }
    }
    await sleep(10);
  }
}

/** False for a zombie: whoever is to reap it may take its time, and a signal to it still succeeds. */
export function isLiving(status: string): boolean {
  return status !== '' && !/^State:\s+[ZX]/m.test(status);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
