import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Images } from './examples.ts';

const manifest = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ flow: z.looseObject({ image: z.string() }) }),
});

export interface Block {
  /** Page and line it begins at: `docs/executors.md:22`. */
  where: string;
  /** As it is sent to the API server. */
  manifest: z.infer<typeof manifest>;
  /** What the page says the run gives; undefined for blocks that are not run. */
  result: { value: unknown } | undefined;
}

const TOP = join(import.meta.dirname, '../..');
const PAGES = ['README.md', 'docs/executors.md', 'docs/scaling.md'];
const BLOCK = /^```yaml( run)?\n([^]*?)^```$/gm;
const RESULT = /^# status\.result\.value: (.*)$/m;

/** The YAML blocks of the pages for users. One that is only a part of a spec gets a flow that is fine. */
export function readBlocks(images: Images): Block[] {
  return PAGES.flatMap((page) => blocksOf(page, readFileSync(join(TOP, page), 'utf8'), images));
}

function blocksOf(name: string, page: string, images: Images): Block[] {
  return [...page.matchAll(BLOCK)].map(({ index, 1: run, 2: text = '' }) => {
    const where = `${name}:${page.slice(0, index).split('\n').length}`;
    const object = z.looseObject({}).parse(parse(text));
    const whole = manifest.parse(
      'kind' in object
        ? object
        : {
            apiVersion: 'flowrun.dev/v1alpha1',
            kind: 'FlowRun',
            metadata: { name: 'part' },
            spec: { flow: { image: 'flows:1', entrypoint: 'flow.py:main' }, ...object },
          },
    );
    whole.spec.flow.image = images[whole.spec.flow.image.includes('prefect1') ? 'prefect1' : 'prefect3'];
    const said = RESULT.exec(text)?.[1];
    if ((run === undefined) !== (said === undefined))
      throw new Error(`${where}: a block is run and says what it gives, or neither`);
    return { where, manifest: whole, result: said === undefined ? undefined : { value: parse(said) } };
  });
}
