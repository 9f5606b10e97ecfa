import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import pkg from '../../package.json' with { type: 'json' };
import { addBill, bundle } from './bundle.ts';
import { packageOf, sbomOf } from './sbom.ts';

const bom = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.object({ 'bom-ref': z.string(), licenses: z.array(z.unknown()).min(1) })),
});

test('the bill of materials lists the packages in the bundle and Node, and is the same each time', async () => {
  await using target = await mkdtempDisposable(join(tmpdir(), 'flowrun-bundle-'));
  const sources = await bundle(target.path);
  await addBill(target.path, sources);
  const text = await readFile(join(target.path, 'sbom.cdx.json'), 'utf8');
  const listed = bom.parse(JSON.parse(text)).components.map((each) => each['bom-ref']);
  const bundled = new Set(sources.flatMap((source) => packageOf(source) ?? []));
  expect(listed.toSorted()).toEqual([...bundled, `node@${pkg.devDependencies.node}`].toSorted());
  expect(listed).toContain(`zod@${pkg.dependencies.zod}`);
  expect(await sbomOf(sources)).toBe(text);
});
