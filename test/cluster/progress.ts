/** Tells a person what is going on, one line per phase, with the seconds since the start. */
export interface Progress {
  done(what: string): void;
  /** Runs `body`; while it lasts, repeats `what` with the time spent every 15 s. */
  during<T>(what: string, body: () => Promise<T>): Promise<T>;
}

const EVERY_MS = 15_000;

/** Writes to `write`, a line at a time. */
export function createProgress(write: (line: string) => void): Progress {
  const start = performance.now();
  const line = (text: string) =>
    write(`${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s  ${text}`);
  return {
    done: line,
    async during(what, body) {
      const began = performance.now();
      line(`${what} …`);
      const timer = setInterval(
        () => line(`${what} … ${Math.round((performance.now() - began) / 1000)} s`),
        EVERY_MS,
      );
      try {
        return await body();
      } finally {
        clearInterval(timer);
      }
    },
  };
}

export const silent: Progress = { done: () => {}, during: (_what, body) => body() };
