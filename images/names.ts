import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The flow images, each a folder here with its requirements and constraints. */
export const NAMES = ['prefect1', 'prefect3'] as const;
export type Name = (typeof NAMES)[number];

/** @throws Error that lists the known names. */
export function parseName(text: string): Name {
  const name = NAMES.find((known) => known === text);
  if (!name) throw new Error(`there is no image "${text}"; the images are: ${NAMES.join(', ')}`);
  return name;
}

/** The path of a file in this folder. */
export function here(...path: string[]): string {
  return join(fileURLToPath(new URL('.', import.meta.url)), ...path);
}
