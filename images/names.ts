import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The flow images, each a folder here with its requirements and constraints. */
export const NAMES = ['prefect1', 'prefect3'] as const;
export type Name = (typeof NAMES)[number];

/** The flow images, and that of the operator itself. */
export const IMAGES = [...NAMES, 'operator'] as const;
export type ImageName = (typeof IMAGES)[number];

/** @throws Error that lists the known names. */
export function parseName(text: string): Name {
  return oneOf(NAMES, text);
}

/** @throws Error that lists the known names. */
export function parseImage(text: string): ImageName {
  return oneOf(IMAGES, text);
}

function oneOf<T extends string>(known: readonly T[], text: string): T {
  const name = known.find((each) => each === text);
  if (name === undefined) throw new Error(`there is no image "${text}"; the images are: ${known.join(', ')}`);
  return name;
}

/** The path of a file in this folder. */
export function here(...path: string[]): string {
  return join(fileURLToPath(new URL('.', import.meta.url)), ...path);
}
