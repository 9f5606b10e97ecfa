import { createHash } from 'node:crypto';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Credentials } from './credentials.ts';

export interface Pools {
  /** Bounded. */
  readonly requests: Dispatcher;
  /** Each stream holds a connection for as long as it lives; apart, so that streams never leave requests without one. */
  readonly streams: Dispatcher;
}

/**
 * Kept-alive HTTP/1.1 connections to the API server. Changed TLS material (a rotated certificate, a new CA) leads to new ones; the old
 * ones finish what they carry.
 */
export class Connections {
  readonly #limit: number;
  #current: { readonly fingerprint: string; readonly pools: Pools } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  for(credentials: Credentials): Pools {
    const fingerprint = fingerprintOf(credentials);
    if (this.#current?.fingerprint !== fingerprint) {
      void this.#current?.pools.requests.close();
      void this.#current?.pools.streams.close();
      const pools = { requests: newPool(credentials, this.#limit), streams: newPool(credentials, null) };
      this.#current = { fingerprint, pools };
    }
    return this.#current.pools;
  }

  /** Closes all connections, whatever they carry. */
  async destroy(): Promise<void> {
    const pools = this.#current?.pools;
    this.#current = undefined;
    await Promise.all([pools?.requests.destroy(), pools?.streams.destroy()]);
  }
}

function newPool({ server, proxyUrl, tls }: Credentials, connections: number | null): Dispatcher {
  const options = {
    connections,
    // One request at a time on a connection; HTTP/2 would put all of them, watches too, on a single one.
    pipelining: 1,
    allowH2: false,
    // Below the API server's own 90 s, so that an idle connection is closed by us, never under a request.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 30_000,
  };
  const connect = { ...tls, timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
  return proxyUrl === undefined
    ? new Pool(new URL(server).origin, { ...options, connect })
    : new ProxyAgent({ ...options, uri: proxyUrl, requestTls: connect });
}

function fingerprintOf({ server, proxyUrl, tls }: Credentials): string {
  const hash = createHash('sha256');
  for (const part of [
    server,
    proxyUrl,
    tls.ca,
    tls.cert,
    tls.key,
    tls.servername,
    String(tls.rejectUnauthorized),
  ]) {
    hash.update(part ?? '').update('\0');
  }
  return hash.digest('hex');
}
