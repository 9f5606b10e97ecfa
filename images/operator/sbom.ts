import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import lock from '../../package-lock.json' with { type: 'json' };
import pkg from '../../package.json' with { type: 'json' };

const TOP = join(import.meta.dirname, '../..');
/** With the development's packages: without them npm leaves out what both these and the operator need. */
const NPM = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];

const bom = z.looseObject({
  serialNumber: z.string().optional(),
  metadata: z.looseObject({
    timestamp: z.string().optional(),
    component: z.looseObject({ name: z.string(), 'bom-ref': z.string() }),
  }),
  components: z.array(z.looseObject({ 'bom-ref': z.string() })),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});

const versions: Record<string, { version?: string }> = lock.packages;

/** `name@version`, as CycloneDX refers to it, of the package that a source belongs to; undefined for one of ours. */
export function packageOf(source: string): string | undefined {
  const [folder, name] = /node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
  return folder === undefined ? undefined : `${name}@${versions[folder]?.version}`;
}

/**
 * The bill of materials of what the image adds to its base, in CycloneDX JSON: the npm packages that these sources of the bundle belong
 * to, and Node. The same for the same sources: it has neither date nor serial number, or each build would be another image.
 */
export async function sbomOf(sources: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', NPM, { cwd: TOP, maxBuffer: 64 << 20 });
  const { serialNumber: _, metadata, components, dependencies, ...rest } = bom.parse(JSON.parse(stdout));
  const { timestamp: __, component, ...told } = metadata;
  const bundled = new Set(sources.flatMap((source) => packageOf(source) ?? []));
  const kept = (ref: string) => bundled.has(ref) || ref === component['bom-ref'];
  const node = {
    'bom-ref': `node@${pkg.devDependencies.node}`,
    type: 'platform',
    name: 'node',
    version: pkg.devDependencies.node,
    licenses: [{ license: { id: 'MIT' } }],
  };
  const document = {
    ...rest,
    // npm names the project after the folder it lies in.
    metadata: { ...told, component: { ...component, name: pkg.name } },
    components: [...components.filter((each) => kept(each['bom-ref'])), node],
    dependencies: dependencies
      .filter(({ ref }) => kept(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(kept) })),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}
