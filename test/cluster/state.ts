import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheRoot } from '../../images/cache.ts';
import { withLock } from './lock.ts';
import { checkName, chooseSlot, planCluster, SLOTS } from './plan.ts';
import type { Plan, Shape } from './plan.ts';

const Record = z.strictObject({
  slot: z
    .number()
    .int()
    .min(0)
    .max(SLOTS - 1),
  shape: z.strictObject({
    controlPlaneOnly: z.boolean(),
    controllerManager: z.boolean(),
    scheduler: z.boolean(),
    audit: z.boolean(),
  }),
});
type Record = z.infer<typeof Record>;

/** A cluster that exists on disk, running or not. */
export interface Cluster {
  readonly plan: Plan;
  readonly shape: Shape;
}

function clustersDirectory(): string {
  return join(cacheRoot(), 'clusters');
}

/** Runs `body` while no other process starts or stops the cluster of this name. */
export async function withClusterLock<T>(
  name: string,
  body: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  return withLock(join(clustersDirectory(), `.${checkName(name)}.lock`), body, onWait);
}

/** What is recorded about the cluster, or undefined if there is none of this name. */
export function readCluster(name: string): Cluster | undefined {
  const directory = join(clustersDirectory(), checkName(name));
  const record = readRecord(directory);
  if (record === undefined) return undefined;
  return {
    plan: planCluster(name, record.slot, directory, record.shape.controlPlaneOnly),
    shape: record.shape,
  };
}

/** Names of all recorded clusters. */
export function listClusters(): string[] {
  if (!existsSync(clustersDirectory())) return [];
  return readdirSync(clustersDirectory()).filter((name) =>
    existsSync(join(clustersDirectory(), name, RECORD)),
  );
}

/** Records the cluster before anything of it is started, in its old slot or in a free one. */
export async function recordCluster(name: string, shape: Shape): Promise<Cluster> {
  return withLock(join(clustersDirectory(), '.slots.lock'), async () => {
    const known = readCluster(name);
    const directory = join(clustersDirectory(), checkName(name));
    const others = listClusters().filter((other) => other !== name);
    const taken = new Set(others.map((other) => readCluster(other)?.plan.slot ?? -1));
    const links = networkInterfaces();
    const busy = shape.controlPlaneOnly ? await busyLoopbackSlots(taken) : new Set<number>();
    const free = (slot: number) => links[`flowrun${slot}`] === undefined && !busy.has(slot);
    const slot = known?.plan.slot ?? chooseSlot(taken, free);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const temporary = join(directory, `${RECORD}.new`);
    await writeFile(temporary, JSON.stringify({ slot, shape } satisfies Record));
    await rename(temporary, join(directory, RECORD));
    return { plan: planCluster(name, slot, directory, shape.controlPlaneOnly), shape };
  });
}

/** Removes all that the cluster keeps on disk, its record last, so that an interrupted removal is known as such and can be done again. */
export async function removeCluster({ plan }: Cluster): Promise<void> {
  await writeFile(join(plan.directory, REMOVING), '');
  const entries = readdirSync(plan.directory).filter((entry) => entry !== RECORD && entry !== REMOVING);
  for (const entry of entries)
    await rm(join(plan.directory, entry), { recursive: true, force: true, maxRetries: 3 });
  await rm(plan.directory, { recursive: true, force: true });
}

/** Its removal was interrupted: what is left of it is no cluster. */
export function isHalfRemoved({ plan }: Cluster): boolean {
  return existsSync(join(plan.directory, REMOVING));
}

const RECORD = 'cluster.json';
const REMOVING = 'removing';

function readRecord(directory: string): Record | undefined {
  const path = join(directory, RECORD);
  if (!existsSync(path)) return undefined;
  const parsed = Record.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${path} is not a cluster's record; remove the folder ${directory} when nothing of it runs any more`,
    {
      cause: parsed.error,
    },
  );
}

/** Slots whose loopback address is served by somebody we do not know, say a cluster of another user. */
async function busyLoopbackSlots(known: ReadonlySet<number>): Promise<Set<number>> {
  const busy = new Set<number>();
  for (let slot = 0; slot < SLOTS; slot += 1) {
    if (known.has(slot)) continue;
    if (await canListen(planCluster('probe', slot, '', true).address)) break;
    busy.add(slot);
  }
  return busy;
}

async function canListen(host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen({ host, port: 6443 }, () => server.close(() => resolve(true)));
  return promise;
}
