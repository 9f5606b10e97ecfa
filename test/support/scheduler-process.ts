import { readFile, readdir } from 'node:fs/promises';
import type { TestNamespace } from './namespace.ts';

/** Puts the scheduler of a run to sleep (SIGSTOP), until it is disposed of. */
export async function sleepingScheduler(space: TestNamespace, run: string): Promise<Disposable> {
  const [pod] = await space.list('pod', `flowrun.dev/name=${run},flowrun.dev/role=scheduler`);
  const pid = await schedulerProcess(pod?.metadata.name ?? '');
  process.kill(pid, 'SIGSTOP');
  return { [Symbol.dispose]: () => void process.kill(pid, 'SIGCONT') };
}

/** The process of a scheduler pod, on this host. */
async function schedulerProcess(pod: string): Promise<number> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const read = (file: string) => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '');
    const [environment, command] = [await read('environ'), await read('cmdline')];
    if (environment.includes(`FLOWRUN_POD_NAME=${pod}\0`) && command.includes('scheduler.py'))
      return Number(entry);
  }
  throw new Error(`no process of ${pod} on this host`);
}
