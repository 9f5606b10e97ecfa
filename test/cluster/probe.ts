import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { get as getPlain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from './plan.ts';

/** Asks the API server as administrator. */
export type Ask = (path: string) => Promise<{ status: number; body: string }>;

/** A minimal client for waiting: one request per call, 5 s time-out. Rejects when there is no answer at all. */
export async function createAsk(plan: Plan): Promise<Ask> {
  const pki = join(plan.directory, 'pki');
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(join(pki, file))),
  );
  return (path) =>
    answer((onResponse) =>
      request(`${plan.server}${path}`, { ca, cert, key, agent: false, timeout: 5000 }, onResponse).end(),
    );
}

/** The status of a plain HTTP GET. */
export async function plainStatus(url: string): Promise<number> {
  return (await answer((onResponse) => getPlain(url, { agent: false, timeout: 5000 }, onResponse))).status;
}

async function answer(
  send: (onResponse: (response: IncomingMessage) => void) => ReturnType<typeof request>,
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const sent = send((response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
    );
  });
  sent.on('error', reject);
  sent.on('timeout', () => sent.destroy(new Error('no answer in 5 s')));
  return promise;
}

/** Looks every 50 ms until `holds` is true; a rejection counts as false. Throws after `timeoutSeconds`, with the last cause. */
export async function waitFor(
  what: string,
  holds: () => Promise<boolean>,
  timeoutSeconds = 60,
): Promise<void> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutSeconds} s for ${what}, in vain`, { cause: last });
    }
    await sleep(50);
  }
}
