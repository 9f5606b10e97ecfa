import type { Progress } from './progress.ts';

/** Builds the named flow images, where they are not cached, and returns the paths of their archives. */
export async function buildArchives(names: readonly string[], progress: Progress): Promise<string[]> {
  if (names.length === 0) return [];
  const { buildImages } = await import('../../images/build.ts');
  const images = await progress.during(`building the images ${names.join(', ')}`, () => buildImages([...names]));
  return images.map(({ archive }) => archive);
}
