import type { Sample } from './sample.ts';

/** PEM texts of the operator's own certificate and the run's CA; `servername` is the name the scheduler's certificate must carry. */
export interface TlsOptions {
  ca: string;
  cert: string;
  key: string;
  servername: string;
}

export interface Target {
  /** `ws://10.0.0.1:8788` or `wss://…`. */
  url: string;
  uid: string;
  attempt: number;
  /** A sample comes at least this often; at once when something changes. */
  intervalSeconds: number;
  tls?: TlsOptions | undefined;
}

/** What is known of a run: its newest sample with the time it arrived, or why there is none. Times in milliseconds of the clock. */
export type Newest =
  | { sample: Sample; receivedAt: number; cause?: string }
  | { sample: undefined; cause: string; since: number };

export class Monitor {
  constructor(_options: { onSample: (key: string) => void }) {}

  track(_key: string, _target: Target): void {}

  untrack(_key: string): void {}

  newest(_key: string): Newest | undefined {
    return undefined;
  }

  async close(): Promise<void> {}
}
