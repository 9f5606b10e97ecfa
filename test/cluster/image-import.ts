import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cached } from '../../images/cache.ts';
import { IMAGES } from '../../images/names.ts';
import { writeArchive } from '../../images/oci.ts';
import { run } from './command.ts';
import { pathsOf } from './components.ts';
import type { Plan } from './plan.ts';
import { waitFor } from './probe.ts';
import type { Progress } from './progress.ts';

/** Imports image archives into the node's containerd, each once: an archive's file name says what is in it. */
export async function importArchives(
  plan: Plan,
  ctr: string,
  archives: readonly string[],
  progress: Progress,
): Promise<void> {
  const { imported, socket } = pathsOf(plan);
  const containerd = ['--address', socket, '--namespace', 'k8s.io'];
  for (const archive of archives) {
    const stamp = join(imported, basename(archive));
    if (existsSync(stamp)) continue;
    await waitFor(
      'containerd',
      () => run(ctr, [...containerd, 'version'], { timeoutSeconds: 5 }).then(() => true),
      30,
    );
    await progress.during(`importing ${basename(archive)}`, () =>
      run(ctr, [...containerd, 'images', 'import', '--local=false', archive], { timeoutSeconds: 600 }),
    );
    const flowImage = /^(\w+)-(\w+)\.tar$/.exec(basename(archive));
    if (flowImage !== null && IMAGES.some((name) => name === flowImage[1])) {
      const repository = `localhost/flowrun-${flowImage[1]}`;
      // The examples name their images by this tag, so that they apply as they are.
      await run(ctr, [
        ...containerd,
        'images',
        'tag',
        '--force',
        `${repository}:${flowImage[2]}`,
        `${repository}:dev`,
      ]);
    }
    await writeFile(stamp, '');
    progress.done(`imported ${basename(archive)}`);
  }
}

/** The image of the sandbox containers, `localhost/pause:1`; it lies beside the program, whose hash its file name takes over. */
export function pauseArchive(pause: string): Promise<string> {
  const folder = dirname(pause);
  return cached(join(dirname(folder), `${basename(folder)}.tar`), async (scratch) => {
    const root = join(scratch, 'root');
    await mkdir(root);
    await copyFile(pause, join(root, 'pause'));
    const layer = join(scratch, 'layer.tar');
    await run('tar', [
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '-C',
      root,
      '-cf',
      layer,
      'pause',
    ]);
    const archive = join(scratch, 'image.tar');
    const config = { User: '65535', WorkingDir: '/', Env: [], Cmd: ['/pause'] };
    await writeArchive(archive, join(scratch, 'layout'), 'localhost/pause:1', config, [layer]);
    return archive;
  });
}
