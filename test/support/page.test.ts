import { expect, test } from 'vitest';
import { flowRunSpec } from '../../src/api/spec.ts';
import { resolve } from '../../src/core/resolve.ts';
import { config, run } from '../../src/core/resolve.fixture.ts';
import { readBlocks } from './page.ts';

const blocks = readBlocks({ prefect1: 'prefect1', prefect3: 'prefect3' });

test('the pages have blocks to try', () => {
  expect(blocks.length).toBeGreaterThan(12);
  expect(blocks.filter(({ result }) => result !== undefined).length).toBeGreaterThan(3);
});

test.each(blocks)('the block at $where is accepted, without a warning', ({ manifest }) => {
  const resolution = resolve({ metadata: run, spec: flowRunSpec.parse(manifest.spec) }, config);
  expect(resolution).toMatchObject({ ok: true, warnings: [] });
});
