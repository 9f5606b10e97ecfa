import { buildImages } from '../../images/build.ts';
import type { Progress } from './progress.ts';

/** Builds the named flow images where the cache lacks them, and returns the paths of their archives. */
export async function buildArchives(names: readonly string[], progress: Progress): Promise<string[]> {
  if (names.length === 0) return [];
  const images = await buildImages(names, { progress: (line) => progress.done(line) });
  return images.map(({ archive }) => archive);
}
