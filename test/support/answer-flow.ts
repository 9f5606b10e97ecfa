import type { IncomingMessage, ServerResponse } from 'node:http';

/** Passes an answer on in pieces of so many bytes. */
export function splitInto(upstream: IncomingMessage, response: ServerResponse, bytes: number): void {
  upstream.on('data', (chunk: Buffer) => {
    for (let start = 0; start < chunk.length; start += bytes) {
      response.write(chunk.subarray(start, start + bytes));
    }
  });
  upstream.on('end', () => response.end());
}

/** Passes an answer on so much later; what is not passed on yet is dropped when it is no longer under way. */
export function lagBehind(
  upstream: IncomingMessage,
  response: ServerResponse,
  ms: number,
  underWay: () => boolean,
): void {
  const later = (act: () => void) => {
    setTimeout(() => underWay() && act(), ms).unref();
  };
  upstream.on('data', (chunk: Buffer) => later(() => response.write(chunk)));
  upstream.on('end', () => later(() => response.end()));
}
