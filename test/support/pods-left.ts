import { eventually } from './eventually.ts';
import type { TestNamespace } from './namespace.ts';

/**
 * The pods of a cleaned-up run, once none of them is on its way out: CleanedUp holds as soon as every process has ended, a moment
 * before the kubelet has taken the last pod away. Throws when one still leaves after half a minute.
 */
export function podsLeft(space: TestNamespace, run: string): Promise<{ name: string; role: string }[]> {
  return eventually(
    `no pod of ${run} is being deleted`,
    async () => {
      const pods = await space.list('pod', `flowrun.dev/name=${run}`);
      if (pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return undefined;
      return pods.map(({ metadata }) => ({
        name: metadata.name ?? '',
        role: metadata.labels?.['flowrun.dev/role'] ?? '',
      }));
    },
    30,
  );
}
