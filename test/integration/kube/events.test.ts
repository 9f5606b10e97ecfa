import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EventRecorder, type EventRecorderOptions } from '../../../src/kube/events.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { CONFIG_MAP, EVENT } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { type World, begin, configMap } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await begin('kube-events');
});
afterEach(() => world.proxy.heal());
afterAll(() => world[Symbol.asyncDispose]());

const started = { type: 'Normal', reason: 'Started', action: 'Start', note: 'Started attempt 1' } as const;

function recorder(options: Partial<EventRecorderOptions> = {}) {
  const dropped: string[] = [];
  const abort = new AbortController();
  const made = new EventRecorder({
    client: world.client(),
    controller: 'flowrun.dev/operator',
    instance: 'operator-0',
    onDrop: (reason) => dropped.push(reason),
    ...options,
  });
  const done = made.run(abort.signal);
  const stop = () => {
    abort.abort();
    return done;
  };
  return { recorder: made, dropped, stop };
}

async function subject(
  namespace: string,
): Promise<{ object: KubeObject; events: () => Promise<KubeObject[]> }> {
  await world.namespace(namespace);
  const object = await world.admin.create(CONFIG_MAP, configMap(namespace, 'subject'));
  const events = async () => (await world.admin.list(EVENT, { namespace })).items;
  return { object, events };
}

describe('the recorder', () => {
  test('writes an event that says what, about what, and by whom', async () => {
    const { object, events } = await subject('event');
    const { recorder: made, dropped, stop } = recorder();
    made.record(object, started);
    const [event] = await eventually('an event', async () =>
      (await events()).length > 0 ? events() : undefined,
    );
    expect(event).toMatchObject({
      ...started,
      regarding: { kind: 'ConfigMap', name: 'subject', namespace: 'event', uid: object.metadata.uid },
      reportingController: 'flowrun.dev/operator',
      reportingInstance: 'operator-0',
    });
    await stop();
    expect(dropped).toEqual([]);
  });

  test('counts repeats on the first and keeps different ones apart', async () => {
    const { object, events } = await subject('series');
    const { recorder: made, stop } = recorder();
    made.record(object, started);
    await eventually('the first', async () => (await events()).length === 1);
    for (let count = 0; count < 20; count += 1) {
      made.record(object, started);
    }
    made.record(object, { ...started, note: 'Started attempt 2' });
    await stop();
    const found = await events();
    const counts = found
      .map((event) => `${String(event['note'])}: ${String(seriesOf(event)?.['count'])}`)
      .sort();
    expect(counts).toEqual(['Started attempt 1: 21', 'Started attempt 2: undefined']);
  });

  test('takes names and notes of any length', async () => {
    const namespace = await world.namespace('long');
    const object = await world.admin.create(CONFIG_MAP, configMap(namespace, `${'a.'.repeat(126)}a`));
    const { recorder: made, dropped, stop } = recorder();
    made.record(object, { ...started, note: 'é'.repeat(5_000) });
    await stop();
    expect(dropped).toEqual([]);
    expect((await world.admin.list(EVENT, { namespace })).items).toHaveLength(1);
  });

  test('drops what does not fit in the queue, and what is refused, and goes on', async () => {
    const { object, events } = await subject('dropped');
    world.proxy.on({ method: 'POST', nth: 1 }, { type: 'status', status: 403 });
    const { recorder: made, dropped, stop } = recorder({ capacity: 3 });
    for (const note of ['1', '2', '3', '4', '5']) {
      made.record(object, { ...started, note });
    }
    await stop();
    expect(dropped).toEqual(['QueueFull', 'QueueFull', 'Refused']);
    expect((await events()).map((event) => String(event['note'])).sort()).toEqual(['2', '3']);
  });

  test('never throws, even about what has no name', () => {
    const dropped: string[] = [];
    const made = new EventRecorder({
      client: world.admin,
      controller: 'flowrun.dev/operator',
      instance: 'operator-0',
      onDrop: (reason) => dropped.push(reason),
    });
    expect(() => made.record({ metadata: {} }, started)).not.toThrow();
    expect(dropped).toEqual(['Malformed']);
  });

  test('writes no faster than allowed', async () => {
    const { object, events } = await subject('slow');
    const { recorder: made, stop } = recorder({ perSecond: 1 });
    for (let count = 0; count < 15; count += 1) {
      made.record(object, { ...started, note: String(count) });
    }
    const begun = performance.now();
    await eventually('twelve events', async () => (await events()).length >= 12);
    expect(performance.now() - begun).toBeGreaterThan(900);
    await stop();
    expect(await events()).toHaveLength(15);
  });
});

function seriesOf(event: KubeObject): Record<string, unknown> | undefined {
  const { series } = event;
  return typeof series === 'object' && series !== null ? { ...series } : undefined;
}
