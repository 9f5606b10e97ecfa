import { X509Certificate, createPrivateKey, randomBytes, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { type TLSSocket, connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { type AttemptTls, type Credentials, credentialsFor } from './authority.ts';
import { derivedKey } from './derived-key.ts';

const seed = randomBytes(32);
const HOUR = 3_600_000;
const attempt = (number = 1, uid = 'a1b2'): AttemptTls => ({
  uid,
  attempt: number,
  schedulerName: 'run-a1b2-1-scheduler.team.svc',
  notBefore: new Date(Date.now() - HOUR),
  notAfter: new Date(Date.now() + HOUR),
});

/** The name the server knows its client by, or why there was no connection. */
async function shakeHands(server: Credentials, client: Partial<Credentials>): Promise<string> {
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: true });
  const { promise, resolve } = Promise.withResolvers<string>();
  listener.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.end();
  });
  listener.on('tlsClientError', (error) => resolve(error.message));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const socket: TLSSocket = connect({
    ...client,
    host: '127.0.0.1',
    port,
    servername: attempt().schedulerName,
  });
  socket.on('error', (error) => resolve(error.message));
  try {
    return await promise;
  } finally {
    socket.destroy();
    listener.close();
  }
}

test('the operator and the pods of an attempt know each other, whichever process made their credentials', async () => {
  const pods = await credentialsFor(seed, attempt(), 'pods');
  const operator = await credentialsFor(seed, attempt(), 'operator');
  const again = await credentialsFor(seed, attempt(), 'pods');
  expect(again.key).toBe(pods.key);
  expect(await shakeHands(pods, operator)).toBe('FlowRun operator');
  expect(await shakeHands(again, pods)).toBe('FlowRun pods');
});

test.each<[string, () => Promise<Partial<Credentials>>]>([
  ['another attempt', () => credentialsFor(seed, attempt(2), 'pods')],
  ['another run', () => credentialsFor(seed, attempt(1, 'ffff'), 'pods')],
  ['another operator', () => credentialsFor(randomBytes(32), attempt(), 'operator')],
  ['nobody', async () => ({ ca: (await credentialsFor(seed, attempt(), 'pods')).ca })],
])('credentials of %s are refused', async (_, client) => {
  const pods = await credentialsFor(seed, attempt(), 'pods');
  // Trusting the server is not what is tested here.
  expect(await shakeHands(pods, { ...(await client()), ca: pods.ca })).not.toMatch(/^FlowRun/);
});

test('certificates say what they are for, and from when until when', async () => {
  const { ca, cert, key } = await credentialsFor(seed, attempt(), 'pods');
  const [authority, own] = [new X509Certificate(ca), new X509Certificate(cert)];
  expect(own.verify(authority.publicKey) && own.checkIssued(authority)).toBe(true);
  expect(own.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect([authority.ca, own.ca]).toEqual([true, false]);
  expect(own.checkHost(attempt().schedulerName)).toBe(attempt().schedulerName);
  expect(own.checkHost('elsewhere.team.svc')).toBeUndefined();
  expect(own.validFromDate.getTime()).toBeLessThan(Date.now());
  expect(own.validToDate.getTime()).toBeGreaterThan(Date.now());
});

test('a key follows from seed and purpose alone', async () => {
  const raw = async (key: webcrypto.CryptoKeyPair) =>
    Buffer.from(await crypto.subtle.exportKey('raw', key.publicKey));
  const one = await raw(await derivedKey(seed, 'a'));
  expect(await raw(await derivedKey(seed, 'a'))).toEqual(one);
  expect(await raw(await derivedKey(seed, 'b'))).not.toEqual(one);
  expect(await raw(await derivedKey(randomBytes(32), 'a'))).not.toEqual(one);
  await expect(derivedKey(randomBytes(31), 'a')).rejects.toThrow(RangeError);
});
