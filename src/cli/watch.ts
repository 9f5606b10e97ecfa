import type { WriteStream } from 'node:tty';
import type { KubeConfig } from '@kubernetes/client-node';
import { FLOW_RUN } from '../api/flow-run.ts';
import { Client } from '../kube/client.ts';
import { Informer } from '../kube/informer.ts';
import { EVENT } from '../kube/resource.ts';
import { eventsAbout, readRun } from './read-run.ts';
import { Screen } from './screen.ts';
import { seeEvents, seeRun } from './seen.ts';
import { formatValue } from './value.ts';
import { exitCode, render, summarize, type State } from './view.ts';

export interface Watched {
  kubeConfig: KubeConfig;
  namespace: string;
  name: string;
  /** A terminal gets a picture that is painted anew in place, anything else one line per change, and the result at the end. */
  output: NodeJS.WritableStream | WriteStream;
  color?: boolean;
}

/**
 * Shows a run until it is over, deleted, or the signal is aborted. Lost connections are taken up again for ever, and shown.
 * @returns the exit code that says how the run ended; 130 when aborted.
 * @throws Error that says what to do when there is no such run or it may not be read.
 */
export async function watchRun(watched: Watched, signal: AbortSignal): Promise<number> {
  const { namespace, name } = watched;
  const client = new Client(watched.kubeConfig, { userAgent: 'flowrun' });
  try {
    const run = await readRun(client, namespace, name, signal);
    return await follow(client, watched, { run, events: [] }, signal);
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    await client.close();
  }
}

async function follow(client: Client, watched: Watched, first: State, signal: AbortSignal): Promise<number> {
  const { namespace, name } = watched;
  const { uid } = first.run.metadata;
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  const show = shower(watched);
  let state = first;
  const update = (change: Partial<State>) => {
    if (over.signal.aborted) return;
    state = { ...state, ...change };
    show(state);
    if (exitCode(state) !== undefined) over.abort();
  };
  const onError = (error: unknown) =>
    update({ trouble: String(error instanceof Error ? error.message : error) });
  const runs = new Informer({
    client,
    resource: FLOW_RUN,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    onError,
  });
  runs.onChange((object) => {
    if (object?.metadata.uid === uid) update({ run: seeRun(object), trouble: undefined });
    else update({ gone: true });
  });
  // Events are an extra: without the permission to read them the rest is still shown.
  const events = new Informer({
    client,
    resource: EVENT,
    namespace,
    fieldSelector: eventsAbout(name),
  });
  events.onChange(() => update({ events: seeEvents(events.store.list(), uid) }));

  update({});
  // The elapsed time moves also when nothing happens.
  const clock = setInterval(() => show(state), 1000);
  try {
    await Promise.all([runs.run(ended), events.run(ended)]);
  } finally {
    clearInterval(clock);
    show(state, true);
  }
  return exitCode(state) ?? 130;
}

function shower({ output, color }: Watched): (state: State, last?: boolean) => void {
  if (isTerminal(output)) {
    const screen = new Screen(output);
    return (state, last = false) => {
      screen.paint(
        render(state, { now: Date.now(), width: screen.width, color: color ?? output.hasColors() }),
      );
      if (last) screen.leave();
    };
  }
  let shown: string | undefined;
  return (state, last = false) => {
    const line = summarize(state);
    if (line !== shown) output.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
    shown = line;
    const { value } = state.run.status.result ?? {};
    if (last && value !== undefined && value !== null) output.write(`${formatValue(value).join('\n')}\n`);
  };
}

function isTerminal(output: NodeJS.WritableStream | WriteStream): output is WriteStream {
  return 'isTTY' in output && output.isTTY;
}
