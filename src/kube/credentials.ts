import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** How to reach the API server and how to say who we are, at one moment. Secret: never log it. */
export interface Credentials {
  readonly server: string;
  /** An HTTP proxy on the way. */
  readonly proxyUrl: string | undefined;
  readonly tls: TlsMaterial;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Service-account tokens live an hour or less and are replaced on disk well before; client-go re-reads as often. */
const MAX_AGE_MS = 60_000;

/**
 * The credentials of a kubeconfig's current context: certificates, tokens, token files, exec plugins, basic.
 *
 * - Read again at most every 60 s, and at once after `refresh()` (a 401): rotated tokens and certificates are taken up.
 * - Concurrent callers share one reading. A failed reading is not remembered.
 */
export class CredentialSource {
  readonly #kubeConfig: KubeConfig;
  #current: { readAt: number; credentials: Promise<Credentials> } | undefined;

  /** Throws when the kubeconfig has no current context with a cluster. */
  constructor(kubeConfig: KubeConfig) {
    const cluster = kubeConfig.getCurrentCluster();
    if (cluster === null) {
      throw new Error(
        'The kubeconfig has no current context that names a cluster: set current-context or run in a pod with a service account',
      );
    }
    if (cluster.proxyUrl?.startsWith('socks') === true) {
      throw new Error(
        `The kubeconfig asks for a SOCKS proxy (cluster ${cluster.name}): only HTTP proxies are supported`,
      );
    }
    this.#kubeConfig = kubeConfig;
  }

  get(): Promise<Credentials> {
    const known = this.#current;
    if (known !== undefined && performance.now() - known.readAt < MAX_AGE_MS) {
      return known.credentials;
    }
    const credentials = read(this.#kubeConfig);
    const current = { readAt: performance.now(), credentials };
    this.#current = current;
    credentials.catch(() => {
      if (this.#current === current) {
        this.#current = undefined;
      }
    });
    return credentials;
  }

  /** The server refused these credentials: the next `get` reads anew, unless somebody has done so already. */
  async refresh(refused: Credentials): Promise<void> {
    const current = this.#current;
    const credentials = await current?.credentials.catch(() => undefined);
    if (credentials === refused && this.#current === current) {
      this.#current = undefined;
    }
  }
}

async function read(source: KubeConfig): Promise<Credentials> {
  // Its authenticators cache tokens with no way to drop them; a copy starts with none.
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: source.getClusters(),
    users: source.getUsers(),
    contexts: source.getContexts(),
    currentContext: source.getCurrentContext(),
  });
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) {
    throw new Error('The kubeconfig lost its current cluster');
  }
  const user = kubeConfig.getCurrentUser();
  const headers: Record<string, string> = {};
  const options: RequestOptions = { headers };
  await kubeConfig.applyToHTTPSOptions(options);
  const tokenFile: unknown = user?.authProvider?.config?.tokenFile;
  if (typeof tokenFile === 'string') {
    headers['Authorization'] = `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`;
  }
  if (typeof options.auth === 'string' && headers['Authorization'] === undefined) {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return { server: cluster.server, proxyUrl: cluster.proxyUrl, tls: tlsOf(options), headers };
}

function tlsOf(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(isPem(ca) && { ca }),
    ...(isPem(cert) && { cert }),
    ...(isPem(key) && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
