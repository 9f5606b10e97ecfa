// A process that answers long polls as a scheduler with the preload does, for as many monitors as come: a sample of ten
// workers when `after` is old, else after `wait` seconds. Prints its port, and ends with its standard input.
import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';
import { Assembler, frameCount } from '../../src/dask/framing.ts';
import { pack, unpack } from '../../src/dask/msgpack.ts';

const WORKERS = 10;
const COUNT = frameCount(1);

const worker = (ordinal: number) => ({
  name: `flow-0123abcd-1-worker-${ordinal}`,
  address: `tcp://10.0.0.${ordinal}:40000`,
  nthreads: 1,
  memory_limit: 4e9,
  processing: 3,
  executing: 1,
  long_running: 0,
  status: 'running',
  resources: {},
  nbytes: 1e6,
  pinned: false,
  drain: null,
  drain_cause: '',
});

const answer = (seq: number) => ({
  version: 1,
  uid: 'uid',
  attempt: 1,
  seq,
  time: Date.now() / 1000,
  workers: Array.from({ length: WORKERS }, (_, ordinal) => worker(ordinal)),
  workers_total: WORKERS,
  tasks: {
    total: 1000,
    waiting: 0,
    queued: 900,
    no_worker: 0,
    processing: 30,
    memory: 70,
    erred: 0,
    finished: 70,
    failed: 0,
  },
  prefixes: { work: { finished: 70, erred: 0, active: 930 } },
  demand: [{ resources: {}, tasks: 930, unknown: 0, seconds: 930 }],
  keys_wanted: true,
  scatters_waiting: 0,
  idle_seconds: 0,
  result: null,
  launcher_seen: true,
  versions: {
    python: '3.11.7',
    dask: '2026.8.0',
    distributed: '2026.8.0',
    tornado: '6.5.10',
    msgpack: '1.2.3',
  },
});

function send(socket: WebSocket, value: unknown): void {
  socket.send(COUNT);
  socket.send(pack(value));
}

function serve(socket: WebSocket): void {
  const assembler = new Assembler();
  let timer: NodeJS.Timeout | undefined;
  socket.on('close', () => clearTimeout(timer));
  socket.on('error', () => undefined);
  send(socket, { compression: null, python: [3, 11, 7], 'pickle-protocol': 5 });
  socket.on('message', (data) => {
    const frames = Buffer.isBuffer(data) ? assembler.push(data) : undefined;
    if (frames === undefined) return;
    const request = unpack(frames[0] ?? new Uint8Array());
    if (typeof request !== 'object' || request === null || !('after' in request) || !('wait' in request))
      return;
    const seconds = request.after === -1 ? 0 : Number(request.wait);
    timer = setTimeout(() => send(socket, answer(1)), seconds * 1000);
  });
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });
server.on('connection', serve);
await once(server, 'listening');
const address = server.address();
console.log(typeof address === 'object' ? address?.port : undefined);
process.stdin.on('end', () => process.exit()).resume();
