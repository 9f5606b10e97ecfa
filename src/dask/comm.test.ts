import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Comm, CommError } from './comm.ts';
import { frameCount } from './framing.ts';
import { pack } from './msgpack.ts';
import { Rpc } from './rpc.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function urlOf(address: unknown): string {
  if (typeof address !== 'object' || address === null || !('port' in address))
    throw new Error('not listening');
  return `ws://127.0.0.1:${String(address.port)}`;
}

/** A peer that behaves as told from the moment of the connection on. */
async function peer(behave: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    behave(socket);
  });
  cleanups.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return urlOf(server.address());
}

function send(socket: WebSocket, value: unknown): void {
  socket.send(frameCount(1));
  socket.send(pack(value));
}

/** Shakes hands as Dask does, then answers each request message with `answer`. */
function dask(answer: (socket: WebSocket, request: number) => void): (socket: WebSocket) => void {
  return (socket) => {
    let messages = 0;
    send(socket, { compression: null, python: [3, 11, 7], 'pickle-protocol': 5 });
    socket.on('message', () => {
      messages += 1;
      if (messages > 2 && messages % 2 === 0) answer(socket, messages / 2 - 1);
    });
  };
}

const limits = { connectTimeoutMs: 300, handshakeTimeoutMs: 300 };

async function outcome(url: string): Promise<unknown> {
  const rpc = await Rpc.open(url, limits);
  if (rpc instanceof CommError) return `${rpc.kind}: ${rpc.message}`;
  const answer = await rpc.call('identity', {}, 300);
  rpc.close();
  return answer instanceof CommError ? `${answer.kind}: ${answer.message}` : answer;
}

describe('a comm with a peer that is not a sound scheduler', () => {
  it.each<[string, (socket: WebSocket) => void, RegExp]>([
    ['never shakes hands', () => undefined, /^timeout: no handshake/],
    ['hangs up at once', (socket) => socket.close(), /^unreachable/],
    ['sends text', (socket) => socket.send('hello'), /^protocol: .*text message/],
    ['sends garbage', (socket) => socket.send(new Uint8Array(100)), /^protocol: .*frame count/],
    [
      'announces an absurd number of frames',
      (socket) => socket.send(new Uint8Array(8).fill(0xff)),
      /^protocol: .*18446744073709551615 frames/,
    ],
    [
      'sends frames that are no msgpack',
      (socket) => [frameCount(1), new Uint8Array(9).fill(0xc1)].forEach((data) => socket.send(data)),
      /^protocol/,
    ],
    [
      'sends more than a mebibyte',
      (socket) => socket.send(new Uint8Array(1024 * 1024 + 1)),
      /^protocol: .*WebSocket/,
    ],
    ['shakes hands with something else', (socket) => send(socket, 'OK'), /^protocol: .*not a Dask scheduler/],
    ['answers never', dask(() => undefined), /^timeout: no answer to identity/],
    ['hangs up instead of answering', dask((socket) => socket.terminate()), /^unreachable/],
    [
      'fails',
      dask((socket) => send(socket, { status: 'uncaught-error', exception_text: 'KeyError(1)' })),
      /^remote: identity: KeyError/,
    ],
    [
      'fails as before 2021.08',
      dask((socket) => send(socket, { status: 'uncaught-error', text: 'KeyError(1)' })),
      /^remote: identity: KeyError/,
    ],
    [
      'chatters',
      (socket) => Array.from({ length: 10 }).forEach(() => send(socket, { 'pickle-protocol': 5 })),
      /^protocol: .*nobody asked/,
    ],
  ])('gives an error when the peer %s', async (_, behave, expected) => {
    expect(await outcome(await peer(behave))).toMatch(expected);
  });

  it('gives an error when nothing listens', async () => {
    expect(await outcome('ws://127.0.0.1:1')).toMatch(/^unreachable/);
  });

  it('gives an error for something that is no address', async () => {
    expect(await outcome('ws://')).toMatch(/^unreachable/);
  });

  it('gives an error when the port accepts and stays silent', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    expect(await outcome(urlOf(server.address()))).toMatch(/^timeout: no connection/);
  });
});

describe('Rpc', () => {
  it('answers calls made at once in their order', async () => {
    const rpc = await Rpc.open(await peer(dask((socket, request) => send(socket, request))));
    if (rpc instanceof CommError) throw rpc;
    expect(await Promise.all([1, 2, 3].map((value) => rpc.call('echo', { value }, 1000)))).toEqual([1, 2, 3]);
    rpc.close();
  });

  it('goes on after an operation that failed there, not after a time-out', async () => {
    const rpc = await Rpc.open(
      await peer(
        dask((socket, request) => {
          if (request === 1) send(socket, { status: 'uncaught-error', exception_text: 'x' });
          if (request === 2) send(socket, 'fine');
        }),
      ),
    );
    if (rpc instanceof CommError) throw rpc;
    expect(await rpc.call('a', {}, 1000)).toMatchObject({ kind: 'remote' });
    expect(await rpc.call('b', {}, 1000)).toBe('fine');
    expect(await rpc.call('c', {}, 50)).toMatchObject({ kind: 'timeout' });
    expect(await rpc.call('d', {}, 1000)).toMatchObject({ kind: 'timeout' });
  });
});

describe('Comm', () => {
  it('ends a pending read when its signal is aborted', async () => {
    const stop = new AbortController();
    const comm = await Comm.open(await peer(dask(() => undefined)), { signal: stop.signal });
    if (comm instanceof CommError) throw comm;
    const read = comm.read(60_000);
    stop.abort();
    expect(await read).toMatchObject({ kind: 'unreachable' });
  });
});
