import type { Client } from './client.ts';
import type { Clock } from './clock.ts';
import type { Resource } from './resource.ts';
import { INITIAL, type Input, type Output, type State, step } from './watcher.ts';
import { linesOf, toWatchEvent } from './wire.ts';

export interface ReflectorOptions {
  readonly client: Client;
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** About how long one watch lasts. Default 290; each is up to a tenth shorter, so that many do not end together. */
  readonly watchSeconds?: number;
  /**
   * Silence after which a watch counts as dead: a connection whose other end is gone shows nothing else. The server sends a bookmark
   * a minute, so the default is 150 000.
   */
  readonly idleMs?: number;
  readonly clock: Clock;
  /** Must not throw. */
  readonly tell: (output: Output) => void;
  /** A sign of life: a page, an event, a bookmark. */
  readonly onAlive: () => void;
  readonly onError: (error: unknown) => void;
}

/** Drives the list/watch machine (watcher.ts) against the API server until the signal is aborted. Never throws. */
export async function reflect(options: ReflectorOptions, signal: AbortSignal): Promise<void> {
  let state: State = INITIAL;
  const take = (input: Input): void => {
    const next = step(state, input);
    state = next.state;
    for (const output of next.tell) {
      options.tell(output);
    }
  };
  while (!signal.aborted) {
    try {
      switch (state.at) {
        case 'list':
          take(await fetchPage(options, state.token, signal));
          options.onAlive();
          break;
        case 'watch':
          await watch(options, state.resourceVersion, take, () => state.at === 'watch', signal);
          break;
        case 'wait':
          await options.clock.sleep(state.ms, signal);
          take({ type: 'waited' });
          break;
      }
    } catch (error) {
      if (!signal.aborted) {
        options.onError(error);
        take({ type: 'failed', error });
      }
    }
  }
}

async function fetchPage(
  options: ReflectorOptions,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Input> {
  const { client, resource, namespace, labelSelector, fieldSelector } = options;
  const page = await client.listPage(resource, { namespace, labelSelector, fieldSelector, signal }, token);
  return { type: 'page', items: page.items, resourceVersion: page.resourceVersion, token: page.continue };
}

async function watch(
  options: ReflectorOptions,
  resourceVersion: string,
  take: (input: Input) => void,
  watching: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { client, resource, namespace, labelSelector, fieldSelector, clock } = options;
  const timeoutSeconds = Math.ceil((options.watchSeconds ?? 290) * (1 - 0.1 * Math.random()));
  const idleMs = options.idleMs ?? 150_000;
  const query = { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, idleMs, signal };
  const begun = clock.now();
  for await (const line of linesOf(client.watch(resource, query))) {
    const event = toWatchEvent(line);
    options.onAlive();
    if (event.type === 'error') {
      options.onError(event.error);
    }
    take({ type: 'event', event });
    if (!watching()) {
      return;
    }
  }
  take({ type: 'ended', afterMs: clock.now() - begun });
}
