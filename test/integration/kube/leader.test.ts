import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FencedError } from '../../../src/kube/errors.ts';
import { LeaderElection } from '../../../src/kube/leader.ts';
import { CONFIG_MAP, LEASE } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { type World, begin, configMap } from './world.ts';

let world: World;
let namespace: string;
const running: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  world = await begin('kube-leader');
  namespace = await world.namespace('leader');
});
afterEach(async () => {
  world.proxy.heal();
  await Promise.all(running.splice(0).map((stop) => stop()));
});
afterAll(() => world[Symbol.asyncDispose]());

/** A tenth and less of the real ones, in the same proportion. */
const times = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 300 };

function candidate(identity: string, name: string, client = world.admin) {
  const abort = new AbortController();
  const election = new LeaderElection({ client, namespace, name, identity, times });
  const lead = { began: 0, ended: 0 };
  const done = election.run(async (signal) => {
    lead.began = performance.now();
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
    lead.ended = performance.now();
  }, abort.signal);
  const stop = () => {
    abort.abort();
    return done;
  };
  running.push(stop);
  const leads = () => eventually(`${identity} leads`, () => lead.began > 0);
  return { election, lead, done, stop, leads };
}

describe('leader election', () => {
  test('of several candidates one leads; when it stops another one follows at once', async () => {
    const all = ['a', 'b', 'c'].map((identity) => candidate(identity, 'handover'));
    const first = await eventually('a leader', () => all.find(({ lead }) => lead.began > 0));
    const rest = all.filter((one) => one !== first);
    expect(all.filter(({ election }) => election.mayWrite())).toEqual([first]);
    const lease = await world.admin.get(LEASE, namespace, 'handover');
    expect(lease).toMatchObject({ spec: { leaseDurationSeconds: 3, leaseTransitions: 0 } });
    expect(await first.stop()).toBe('stopped');
    expect(first.election.mayWrite()).toBe(false);
    const second = await eventually('the next leader', () => rest.find(({ lead }) => lead.began > 0));
    expect(second.lead.began - first.lead.ended).toBeLessThan(times.leaseMs);
    expect(rest.filter(({ election }) => election.mayWrite())).toEqual([second]);
  });

  test('a leader that cannot renew stops writing before another one starts', async () => {
    const first = candidate('cut-off', 'failover', world.client());
    await first.leads();
    const second = candidate('successor', 'failover');
    world.proxy.on({ path: /leases/ }, { type: 'halfOpen' });
    const fenced = (async () => {
      await eventually('fenced', () => !first.election.mayWrite());
      return performance.now();
    })();
    expect(await first.done).toBe('lost');
    await second.leads();
    expect(await fenced).toBeLessThan(second.lead.began);
    expect(first.lead.ended).toBeLessThan(second.lead.began);
    expect(await world.admin.get(LEASE, namespace, 'failover')).toMatchObject({
      spec: { holderIdentity: 'successor', leaseTransitions: 1 },
    });
  });

  test('the fence falls with the clock alone, and refuses writes unsent', async () => {
    let now = 1_000_000;
    const clock = { now: () => now, date: () => new Date(), sleep: () => new Promise<void>(() => undefined) };
    const election = new LeaderElection({
      client: world.admin,
      namespace,
      name: 'clock',
      identity: 'me',
      clock,
    });
    const abort = new AbortController();
    const begun = Promise.withResolvers<void>();
    void election.run(async () => {
      begun.resolve();
      await new Promise(() => undefined);
    }, abort.signal);
    await begun.promise;
    const client = world.client({ mayWrite: () => election.mayWrite() });
    await client.create(CONFIG_MAP, configMap(namespace, 'in-time'));
    now += 9_999;
    expect(election.mayWrite()).toBe(true);
    now += 1;
    expect(election.mayWrite()).toBe(false);
    await expect(client.create(CONFIG_MAP, configMap(namespace, 'too-late'))).rejects.toBeInstanceOf(
      FencedError,
    );
  });

  test('a renewal whose answer is lost costs nothing', async () => {
    const { election, leads, done, stop } = candidate('unlucky', 'lost-answer', world.client());
    await leads();
    const renewed = async () =>
      JSON.stringify((await world.admin.get(LEASE, namespace, 'lost-answer'))['spec']);
    world.proxy.on({ method: 'PUT', nth: 1 }, { type: 'loseAnswer' });
    const from = world.proxy.requests.length;
    await eventually('two renewals after it', () => {
      const seen = world.proxy.requests.slice(from).filter(({ method }) => method === 'PUT');
      return (
        seen.filter(({ status }) => status === 200).length >= 2 && seen.some(({ status }) => status === 409)
      );
    });
    expect(election.mayWrite()).toBe(true);
    expect(await renewed()).toContain('"holderIdentity":"unlucky"');
    await stop();
    expect(await done).toBe('stopped');
  });

  test.each([
    ['comes late', { type: 'lag', ms: 300 }],
    ['is lost', { type: 'keepAnswer' }],
  ] as const)('a stop in the middle of a renewal gives the lease back: its answer %s', async (how, fault) => {
    const name = `stopped-renewing-${how.replace(' ', '-')}`;
    const { leads, stop } = candidate('stopping', name, world.client());
    await leads();
    world.proxy.on({ method: 'PUT', path: new RegExp(name), times: 1 }, fault);
    await eventually('a renewal that the server did', () =>
      world.proxy.requests.some(
        ({ method, path, status, answerLost }) =>
          method === 'PUT' && path.includes(name) && (status === 200 || answerLost === true),
      ),
    );
    expect(await stop()).toBe('stopped');
    expect(await world.admin.get(LEASE, namespace, name)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  test('a lease that somebody takes away is lost at once', async () => {
    const { election, leads, done } = candidate('robbed', 'taken');
    await leads();
    await world.admin.patch(
      LEASE,
      namespace,
      'taken',
      { spec: { holderIdentity: 'thief' } },
      { type: 'merge' },
    );
    expect(await done).toBe('lost');
    expect(election.mayWrite()).toBe(false);
    expect(election.holder).toBe('thief');
  });

  test('what the leader throws is thrown, after the lease was given back', async () => {
    const election = new LeaderElection({
      client: world.admin,
      namespace,
      name: 'throws',
      identity: 'me',
      times,
    });
    const run = election.run(() => Promise.reject(new Error('broken')), new AbortController().signal);
    await expect(run).rejects.toThrow('broken');
    expect(await world.admin.get(LEASE, namespace, 'throws')).toMatchObject({ spec: { holderIdentity: '' } });
  });
});
