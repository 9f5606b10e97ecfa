import { isInstalled } from '../../images/debian.ts';
import { builtBinaries, ensureBinaries } from './binaries.ts';
import type { Progress } from './progress.ts';

/** Builds Helm where none is installed. */
export async function ensureHelm(progress: Progress): Promise<void> {
  if (!isInstalled('helm')) await ensureBinaries('helm', progress);
}

/** The line for a shell that finds the Helm that was built; none where it needs none, or none was built. */
export async function helmLines(): Promise<string[]> {
  const folder = isInstalled('helm') ? undefined : await builtBinaries('helm');
  return folder === undefined ? [] : [`export PATH=${folder}:$PATH`];
}
