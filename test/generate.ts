// Writes the generated files: `npm run generate`.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { generatedFiles } from './support/generated.ts';

const top = resolve(import.meta.dirname, '..');
for (const [path, content] of Object.entries(generatedFiles())) {
  const target = resolve(top, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
  console.log(`${path}: ${Buffer.byteLength(content)} bytes`);
}
