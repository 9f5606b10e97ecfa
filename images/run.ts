import { spawn } from 'node:child_process';

/**
 * Runs a command to its end and returns its standard output.
 * @throws Error with the command and the end of its output when it cannot start, fails, or outlasts `timeoutMs` (20 minutes).
 */
export function run(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number } = {},
): Promise<string> {
  const { env = process.env, input = '', timeoutMs = 20 * 60_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, timeout: timeoutMs });
    const stdout: Buffer[] = [];
    const tail: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => tail.push(chunk));
    child.stdin.on('error', () => {}).end(input);
    child.on('error', (error) =>
      reject(new Error(`cannot run ${command}: ${error.message}`, { cause: error })),
    );
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(stdout).toString());
      const output = Buffer.concat([...stdout, ...tail])
        .toString()
        .slice(-4000);
      return reject(
        new Error(`${[command, ...args].join(' ')} ended with ${signal ?? `exit code ${code}`}:\n${output}`),
      );
    });
  });
}
