import { join } from 'node:path';
import { z } from 'zod';
import { eventually } from './eventually.ts';
import type { Kubectl } from './kubectl.ts';

const CRDS = join(import.meta.dirname, '../../crds');

const stored = z.object({
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() })
    .optional(),
});
const listed = z.object({ items: z.array(z.json()) });

/**
 * Applies definitions (our own unless another path is given) and returns once the API server serves them all. `kubectl wait` cannot be
 * asked: it fails on a definition that has no condition yet. Throws with kubectl's words.
 */
export async function installDefinitions(kubectl: Kubectl, path = CRDS): Promise<void> {
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectl([...args, '-f', path]);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} -f ${path}: ${stderr}`);
    return stdout;
  };
  await ask('apply', '--server-side', '--force-conflicts');
  await eventually(
    `the definitions of ${path} are established`,
    async () => {
      const answer: unknown = JSON.parse(await ask('get', '-o', 'json'));
      const objects = listed.safeParse(answer).data?.items ?? [answer];
      return objects.every((object) =>
        stored
          .parse(object)
          .status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'),
      );
    },
    60,
  );
}
