import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { buildImages } from '../../images/build.ts';
import { NAMES, type Name } from '../../images/names.ts';

/** References of the flow images by name. */
export type Images = Record<Name, string>;

const FOLDER = join(import.meta.dirname, '../../examples');

const example = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ flow: z.looseObject({ image: z.string() }) }),
});

export type Example = z.infer<typeof example>;

/** The references of the flow images as they are now; builds what is not in the cache. */
export async function flowImages(progress: (line: string) => void = () => {}): Promise<Images> {
  const images = await buildImages(NAMES, { progress });
  const find = (name: Name) => images.find((image) => image.name === name)?.reference ?? '';
  return { prefect1: find('prefect1'), prefect3: find('prefect3') };
}

/** Which of the flow images the example asks for. */
export function imageOf(name: string): Name {
  return /localhost\/flowrun-prefect1:/.test(read(name)) ? 'prefect1' : 'prefect3';
}

/** An example of examples/ by its file's stem, its image (`localhost/flowrun-…:dev`) replaced by the present build of it. */
export function readExample(name: string, images: Partial<Images>): Example {
  const object = example.parse(parse(read(name)));
  const image = images[imageOf(name)];
  if (image === undefined) throw new Error(`examples/${name}.yaml needs the image ${imageOf(name)}`);
  object.spec.flow.image = image;
  return object;
}

function read(name: string): string {
  return readFileSync(join(FOLDER, `${name}.yaml`), 'utf8');
}
