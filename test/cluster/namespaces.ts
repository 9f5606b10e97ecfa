import { readFileSync } from 'node:fs';
import { waitFor } from './probe.ts';
import { start } from './processes.ts';
import type { Started } from './processes.ts';

/**
 * Network, mount and process namespaces, held by one process. When that ends, the kernel ends every process in them and drops
 * every mount, interface, route and rule with them: turning off what runs there is one kill, and whatever a crash leaves behind
 * is gone the same way. Only cgroups remain to be removed. Nothing is mounted on a folder of the host: its removal, say by
 * another cluster that goes, would take the mount with it.
 */
export interface Namespaces {
  readonly holder: Started;
  /** The process that is number 1 inside, as the host numbers it. */
  readonly init: number;
  /** The command line that runs `argv` inside. */
  inside(argv: readonly string[]): string[];
}

/** Folders that what runs inside fills; file systems of its own hide the host's. */
export const HIDDEN = ['/run', '/var/log', '/var/lib'];

/** Throws where `directory` would be hidden inside. */
export function checkVisible(directory: string): void {
  const hidden = HIDDEN.find((folder) => directory.startsWith(`${folder}/`));
  if (hidden !== undefined) {
    throw new Error(
      `the node does not see ${hidden}; choose another cache folder than ${directory} (FLOWRUN_CACHE)`,
    );
  }
}

/** Opens namespaces for the cluster whose state is in `directory`; `pause` is the program that holds them. */
export async function openNamespaces(directory: string, pause: string, log: string): Promise<Namespaces> {
  const holder = start(
    directory,
    'node',
    ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', pause],
    log,
  );
  await Promise.race([
    holder.failed,
    waitFor('the namespaces of the node', async () => initOf(holder.pid) !== undefined, 10),
  ]);
  const init = initOf(holder.pid);
  if (init === undefined) throw new Error('the holder of the namespaces ended at once');
  const inside = (argv: readonly string[]) => [
    'nsenter',
    '--target',
    String(init),
    '--net',
    '--mount',
    '--pid',
    '--',
    ...argv,
  ];
  return { holder, init, inside };
}

/** The process that is number 1 inside, as the host numbers it, once it is `pause` and the namespaces are complete. */
function initOf(holder: number): number | undefined {
  try {
    const child = Number(
      readFileSync(`/proc/${holder}/task/${holder}/children`, 'utf8').trim().split(' ')[0],
    );
    return child > 0 && readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'pause' ? child : undefined;
  } catch {
    return undefined;
  }
}
