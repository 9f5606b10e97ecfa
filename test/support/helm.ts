import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinaries } from '../cluster/binaries.ts';
import { createProgress, type Progress } from '../cluster/progress.ts';
import { run } from '../../images/run.ts';

export const CHART = join(import.meta.dirname, '../../charts/flowrun-operator');

/** Runs Helm against a cluster, with no settings of the user's; throws with its words when it fails. Disposing removes its files. */
export interface Helm extends AsyncDisposable {
  run(...args: string[]): Promise<string>;
}

/** The majors that the chart is for, and what builds them. */
const MODULES = { 4: 'helm', 3: 'helm3' } as const;
export type HelmMajor = keyof typeof MODULES;

/** Builds Helm where the cache lacks it; Helm 4 unless told otherwise. */
export async function helmFor(
  kubeconfig: string,
  options: { readonly major?: HelmMajor; readonly progress?: Progress } = {},
): Promise<Helm> {
  const { major = 4, progress = createProgress((line) => console.error(line)) } = options;
  const folder = await ensureBinaries(MODULES[major], progress);
  const home = await mkdtempDisposable(join(tmpdir(), 'flowrun-helm-'));
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: home.path,
    HELM_CONFIG_HOME: home.path,
    HELM_DATA_HOME: home.path,
  };
  return {
    run: (...args) => run(join(folder, 'helm'), args, { env, timeoutMs: 300_000 }),
    [Symbol.asyncDispose]: () => home.remove(),
  };
}
