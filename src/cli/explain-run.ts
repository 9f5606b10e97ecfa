import { Client } from '../kube/client.ts';
import { EVENT } from '../kube/resource.ts';
import { explanationLines } from './explain.ts';
import { eventsAbout, readRun } from './read-run.ts';
import { seeEvents } from './seen.ts';
import type { Watched } from './watch.ts';

/**
 * Says once what can be said of a run.
 * @returns exit code 0.
 * @throws Error that says what to do when there is no such run or it may not be read.
 */
export async function explainRun(
  { kubeConfig, namespace, name, output }: Watched,
  signal: AbortSignal,
): Promise<number> {
  const client = new Client(kubeConfig, { userAgent: 'flowrun' });
  try {
    const run = await readRun(client, namespace, name, signal);
    // Events are an extra: without the permission to read them the rest is still said.
    const { items } = await client
      .list(EVENT, { namespace, fieldSelector: eventsAbout(name), signal })
      .catch(() => ({ items: [] }));
    const lines = explanationLines(run, seeEvents(items, run.metadata.uid), Date.now());
    output.write(`${lines.join('\n')}\n`);
    return 0;
  } finally {
    await client.close();
  }
}
