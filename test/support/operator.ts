import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { boundToUs } from './bound.ts';
import { eventually } from './eventually.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface OperatorProcess {
  /** Everything it has logged so far. */
  log(): string;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: it holds what it has and does nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Resolves to the exit code once it has ended by itself. */
  readonly exited: Promise<number | null>;
}

/** Starts the operator as a process of its own and returns once its caches are filled. */
export async function startOperator(options: {
  kubeconfig: string;
  arguments?: readonly string[];
  /** Of Node itself. */
  nodeArguments?: readonly string[];
  /** Return at once: its start-up may be what is tested. */
  wait?: boolean;
}): Promise<OperatorProcess> {
  const args = [...(options.nodeArguments ?? []), MAIN, '--log-level', 'info', ...(options.arguments ?? [])];
  const child = spawn(...boundToUs(process.execPath, args), {
    env: { ...process.env, KUBECONFIG: options.kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exited = once(child, 'exit');
  const log = () => Buffer.concat(chunks).toString();
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  const operator: OperatorProcess = {
    log,
    stop: async () => {
      await end('SIGTERM');
      return child.exitCode;
    },
    kill: () => end('SIGKILL'),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    exited: exited.then(() => child.exitCode),
  };
  if (options.wait ?? true) {
    const filled = () => {
      if (child.exitCode !== null) throw new Error(`The operator ended with ${child.exitCode}:\n${log()}`);
      return log().includes('Caches are filled');
    };
    await eventually('the operator fills its caches', filled, 60).catch(async (error: unknown) => {
      await operator.kill();
      throw error;
    });
  }
  return operator;
}
