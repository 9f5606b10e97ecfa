import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Client } from '../kube/client.ts';
import { isAlreadyExists, isNotFound } from '../kube/errors.ts';
import { SECRET } from '../kube/resource.ts';
import { SEED_SECRET } from '../manifests/rbac.ts';

const BYTES = 32;

const view = z.object({ data: z.object({ seed: z.base64() }) });

/**
 * The seed of all keys, from its Secret, which the first operator makes; of several at once all get the same.
 * @throws API errors, and Error when the Secret holds no seed.
 */
export async function loadSeed(client: Client, namespace: string, signal: AbortSignal): Promise<Uint8Array> {
  const read = async () => {
    const parsed = view.safeParse(await client.get(SECRET, namespace, SEED_SECRET, { signal }));
    const seed = Buffer.from(parsed.data?.data.seed ?? '', 'base64');
    if (seed.length < BYTES)
      throw new Error(
        `Secret ${namespace}/${SEED_SECRET} holds no seed of ${BYTES} bytes; delete it, so that a new one is made. Runs in progress lose their operator then.`,
      );
    return seed;
  };
  try {
    return await read();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    const seed = randomBytes(BYTES);
    const metadata = {
      namespace,
      name: SEED_SECRET,
      labels: { 'app.kubernetes.io/managed-by': 'flowrun-operator' },
    };
    await client.create(
      SECRET,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: 'Opaque',
        immutable: true,
        data: { seed: seed.toString('base64') },
      },
      { signal },
    );
    return seed;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return read();
  }
}
