// Plays every trace under every policy, prints the comparison and writes the page's table and plots: `npm run simulate`.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { PAGE, simulatedFiles } from './docs.ts';
import { compareAll, table } from './table.ts';

const top = resolve(import.meta.dirname, '../..');
const comparisons = compareAll();
console.log(table(comparisons));
const page = await readFile(resolve(top, PAGE), 'utf8');
for (const [path, content] of Object.entries(simulatedFiles(comparisons, page))) {
  const target = resolve(top, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}
