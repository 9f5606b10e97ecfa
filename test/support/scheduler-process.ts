import { readFile, readdir } from 'node:fs/promises';

/** The process of a scheduler pod, on this host. */
export async function schedulerProcess(pod: string): Promise<number> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const read = (file: string) => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '');
    const [environment, command] = [await read('environ'), await read('cmdline')];
    if (environment.includes(`FLOWRUN_POD_NAME=${pod}\0`) && command.includes('scheduler.py'))
      return Number(entry);
  }
  throw new Error(`no process of ${pod} on this host`);
}
