import { createHash } from 'node:crypto';
import type { Client } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isAlreadyExists, isRetryable } from './errors.ts';
import { microTime } from './micro-time.ts';
import { type KubeObject, nameOf } from './object.ts';
import { EVENT } from './resource.ts';
import { TokenBucket } from './token-bucket.ts';

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** Why, in CamelCase, 128 characters at most. */
  readonly reason: string;
  /** What was done or tried, in CamelCase, 128 characters at most. */
  readonly action: string;
  /** For people; cut to 1 kB. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** `flowrun.dev/operator`. */
  readonly controller: string;
  /** This process: the pod's name. */
  readonly instance: string;
  readonly clock?: Clock;
  /** Waiting events at most; more are dropped. Default 1000. */
  readonly capacity?: number;
  /** Writes per second, after a burst of ten seconds' worth. Default 10. */
  readonly perSecond?: number;
  /** Told of every event that was given up. */
  readonly onDrop?: (reason: string, error?: unknown) => void;
}

interface Series {
  readonly name: string;
  readonly namespace: string;
  readonly object: KubeObject;
  count: number;
  written: number;
  lastSeen: Date;
  lastSeenMs: number;
}

/** As long as client-go: the same event within it is counted on the first one. */
const SERIES_MS = 6 * 60_000;
const SERIES_LIMIT = 4_096;
const NOTE_LIMIT = 1_024;

/**
 * Events (events.k8s.io/v1) about objects, best effort.
 *
 * `record` never throws, never waits and sends nothing itself: `run` writes, one at a time, at a limited rate. The same event about
 * the same object (all of type, reason, action, note) becomes a series on the first, its repeats counted in one write. A full queue,
 * a missing permission or a server in trouble costs events, nothing else.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  /** Series with something to write, in order. */
  readonly #queue = new Set<Series>();
  readonly #bucket: TokenBucket;
  #wake: (() => void) | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const perSecond = options.perSecond ?? 10;
    this.#bucket = new TokenBucket({ perSecond, burst: perSecond * 10 }, this.#clock);
  }

  record(regarding: KubeObject, note: EventNote): void {
    try {
      this.#record(regarding, note);
    } catch (error) {
      this.#options.onDrop?.('Malformed', error);
    }
  }

  /** Writes until the signal is aborted, then what is waiting for two seconds at most. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      const [next] = this.#queue;
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      } else {
        await this.#bucket.take(signal).catch(() => undefined);
        if (!signal.aborted) {
          this.#queue.delete(next);
          await this.#write(next, signal);
        }
      }
    }
    signal.removeEventListener('abort', wake);
    const deadline = AbortSignal.timeout(2_000);
    for (const rest of this.#queue) {
      this.#queue.delete(rest);
      if (deadline.aborted) {
        this.#options.onDrop?.('Stopped');
      } else {
        await this.#write(rest, deadline);
      }
    }
  }

  #record(regarding: KubeObject, note: EventNote): void {
    const key = JSON.stringify([regarding.metadata.uid, note.type, note.reason, note.action, note.note]);
    const nowMs = this.#clock.now();
    const now = this.#clock.date();
    let series = this.#series.get(key);
    if (series === undefined || nowMs - series.lastSeenMs > SERIES_MS) {
      if (this.#queue.size >= (this.#options.capacity ?? 1_000)) {
        this.#options.onDrop?.('QueueFull');
        return;
      }
      const namespace = regarding.metadata.namespace ?? 'default';
      const name = eventName(nameOf(regarding), key, now);
      const object = this.#event(regarding, note, namespace, name, now);
      series = { name, namespace, object, count: 0, written: 0, lastSeen: now, lastSeenMs: nowMs };
    }
    series.count += 1;
    series.lastSeen = now;
    series.lastSeenMs = nowMs;
    // Deleted first so that the map stays in the order of use, and its oldest can be forgotten.
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#forgetOldest(nowMs);
    this.#queue.add(series);
    this.#wake?.();
  }

  #forgetOldest(nowMs: number): void {
    for (const [key, series] of this.#series) {
      if (this.#series.size <= SERIES_LIMIT && nowMs - series.lastSeenMs <= SERIES_MS) {
        break;
      }
      this.#series.delete(key);
    }
  }

  #event(regarding: KubeObject, note: EventNote, namespace: string, name: string, now: Date): KubeObject {
    const { apiVersion, kind, metadata } = regarding;
    const { controller, instance } = this.#options;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace },
      eventTime: microTime(now),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      type: note.type,
      reason: note.reason,
      action: note.action,
      note: cut(note.note),
      regarding: {
        apiVersion,
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
    };
  }

  async #write(series: Series, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const { count, lastSeen } = series;
    const repeated = count > 1 ? { series: { count, lastObservedTime: microTime(lastSeen) } } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (series.written === 0) {
          await client.create(EVENT, { ...series.object, ...repeated }, { signal });
        } else {
          await client.patch(EVENT, series.namespace, series.name, repeated, { type: 'merge', signal });
        }
        series.written = count;
        return;
      } catch (error) {
        if (isAlreadyExists(error)) {
          // The answer to an earlier try was lost.
          series.written = count;
          return;
        }
        if (signal.aborted) {
          this.#queue.add(series);
          return;
        }
        if (attempt === 3 || !isRetryable(error)) {
          this.#options.onDrop?.('Refused', error);
          return;
        }
        await this.#clock.sleep(1_000 * attempt, signal).catch(() => undefined);
      }
    }
  }
}

/** The server counts bytes. */
function cut(note: string): string {
  const bytes = Buffer.from(note);
  return bytes.length > NOTE_LIMIT
    ? new TextDecoder().decode(bytes.subarray(0, NOTE_LIMIT), { stream: true })
    : note;
}

/** Unique for object, event and moment, and a valid DNS subdomain of 253 characters at most. */
function eventName(objectName: string, key: string, now: Date): string {
  const hash = createHash('sha256').update(key).update(String(now.getTime())).digest('hex').slice(0, 16);
  return `${objectName.slice(0, 253 - 17).replace(/[.-]+$/, '')}.${hash}`;
}
