import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { clusterKubectl } from '../../support/namespace.ts';
import { readBlocks } from '../../support/page.ts';
import { openWorld, succeeded, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld('page');
});
afterAll(() => world?.close());

const blocks = readBlocks(inject('images'));

describe('the pages for users', () => {
  test.concurrent.for(blocks)('the API server takes the block at $where', async ({ manifest }) => {
    const kubectl = clusterKubectl();
    const answer = await kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(manifest));
    expect(answer.stderr).toBe('');
  });

  test.concurrent.for(blocks.filter(({ result }) => result !== undefined))(
    'the block at $where gives what the page says',
    { timeout: 600_000 },
    async ({ manifest, result }) => {
      await world.space.apply(manifest);
      const over = await world.end(manifest.metadata.name);
      expect(succeeded(over).result?.value).toEqual(result?.value);
    },
  );
});
