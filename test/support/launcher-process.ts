import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { flowRunSpec } from '../../src/api/spec.ts';
import { resolve } from '../../src/core/resolve.ts';
import { type RunResult, runResult } from '../../src/core/result.ts';
import { config, run } from '../../src/core/resolve.fixture.ts';
import { runJson } from '../../src/manifests/run-json.ts';

const LAUNCHER = join(import.meta.dirname, '../../src/launcher/launcher.py');
const SECONDS = 240;

export interface LauncherEnd {
  /** Exit code of the process; null when it had to be killed. */
  code: number | null;
  /** The termination message; folders of this machine read as in a pod. */
  result: RunResult;
}

/** Runs the launcher on a spec without a pod: `/flow` and the working directory are folders of their own. */
export async function runLauncher(
  python: string,
  spec: object,
  files: Readonly<Record<string, string>>,
): Promise<LauncherEnd> {
  const parsed = flowRunSpec.parse(spec);
  const resolution = resolve({ metadata: run, spec: parsed }, config);
  if (!resolution.ok) throw new Error(resolution.message);
  const root = await mkdtemp(join(tmpdir(), 'flowrun-launcher-'));
  const [flow, work] = [join(root, 'flow'), join(root, 'work')];
  try {
    await Promise.all([mkdir(flow), mkdir(work)]);
    const parameters = JSON.stringify(parsed.flow.parameters ?? {});
    await writeFile(join(root, 'run.json'), runJson(run, 1, resolution.resolved, parameters));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(flow, path)), { recursive: true });
      await writeFile(join(flow, path), text);
    }
    const { command, args } = resolution.resolved.flow;
    const code = await launch(python, [join(root, 'run.json'), ...(command ?? []), ...(args ?? [])], work, {
      HOME: root,
      FLOWRUN_SOURCE_DIR: flow,
      FLOWRUN_TERMINATION_LOG: join(root, 'termination-log'),
    });
    const report = await readFile(join(root, 'termination-log'), 'utf8');
    const asInPod = report.replaceAll(flow, '/flow').replaceAll(work, '/home/flowrun');
    return { code, result: runResult.parse(JSON.parse(asInPod)) };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function launch(
  python: string,
  words: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  const child = execFile(
    python,
    ['-u', LAUNCHER, ...words],
    {
      cwd,
      env: { PATH, LANG: 'C.UTF-8', ...env },
      maxBuffer: 64 * 1024 * 1024,
      timeout: SECONDS * 1000,
      killSignal: 'SIGKILL',
    },
    () => resolve(child.exitCode),
  );
  return promise;
}
