import { execFile } from 'node:child_process';

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to the program's standard input. */
  readonly input?: string | Buffer;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end and returns its standard output. Throws with the end of its output when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    program,
    [...args],
    {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      timeout: (options.timeoutSeconds ?? 60) * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
    },
    (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
      const why = error.killed === true ? `took more than ${options.timeoutSeconds ?? 60} s` : `failed`;
      return reject(
        new Error(`\`${program} ${args.join(' ')}\` ${why}: ${output || error.message}`, { cause: error }),
      );
    },
  );
  if (options.input !== undefined) {
    // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
  }
  return promise;
}
