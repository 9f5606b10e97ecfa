import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** `undefined`: all is well; otherwise what is not, in a sentence. */
export type Check = () => string | undefined;

export interface HttpOptions {
  /** 0: any free port. */
  port: number;
  metrics: Metrics;
  /** Whether this process should go on living. That it answers at all shows that its event loop turns. */
  healthy: Check;
  /** Whether its caches are filled; a standby is ready, too. */
  ready: Check;
}

/** Serves `/metrics`, `/healthz` and `/readyz`. */
export class HttpServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Rejects when the port is taken. */
  static async start({ port, metrics, healthy, ready }: HttpOptions): Promise<HttpServer> {
    const verdict = (check: Check) => {
      const problem = check();
      return { code: problem === undefined ? 200 : 503, type: 'text/plain', body: problem ?? 'ok' };
    };
    const routes: Record<string, () => Answer | Promise<Answer>> = {
      '/healthz': () => verdict(healthy),
      '/readyz': () => verdict(ready),
      '/metrics': async () => ({ code: 200, type: metrics.contentType, body: await metrics.text() }),
    };
    const server = createServer((request, response) => {
      const path = request.url?.split('?', 1)[0] ?? '';
      const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
      const answer = async (): Promise<Answer> => {
        if (route === undefined) return { code: 404, type: 'text/plain', body: 'not found' };
        if (request.method !== 'GET' && request.method !== 'HEAD')
          return { code: 405, type: 'text/plain', body: 'GET only' };
        return route();
      };
      answer().then(
        ({ code, type, body }) => response.writeHead(code, { 'content-type': type }).end(`${body}\n`),
        (error: unknown) =>
          response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`),
      );
    });
    server.listen(port);
    await once(server, 'listening');
    return new HttpServer(server);
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

interface Answer {
  code: number;
  type: string;
  body: string;
}
