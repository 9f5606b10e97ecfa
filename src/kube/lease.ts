import { microTime } from './micro-time.ts';
import type { KubeObject } from './object.ts';

/** `leaseMs` > `renewDeadlineMs` > `retryMs`. */
export interface LeaseTimes {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface LeaseView {
  readonly object: KubeObject;
  /** When this process first saw the lease as it is, by its own clock. */
  readonly changedAt: number;
}

export type LeaseMove =
  | { readonly type: 'wait' }
  | { readonly type: 'create'; readonly spec: Record<string, unknown> }
  /** Renew ours, or take an expired or released one: replace `lease`, with this spec, at its resourceVersion. */
  | { readonly type: 'replace'; readonly lease: KubeObject; readonly spec: Record<string, unknown> };

interface Candidate {
  readonly identity: string;
  readonly times: LeaseTimes;
  /** On the clock of `changedAt`. */
  readonly now: number;
  readonly date: Date;
}

/** What a candidate does about the lease as it last saw it. Pure. */
export function nextMove(view: LeaseView | undefined, { identity, times, now, date }: Candidate): LeaseMove {
  const renewTime = microTime(date);
  const ours = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(times.leaseMs / 1000), renewTime };
  if (view === undefined) {
    return { type: 'create', spec: { ...ours, acquireTime: renewTime, leaseTransitions: 0 } };
  }
  const { holder, durationMs, transitions } = read(view.object);
  if (holder === identity) {
    return { type: 'replace', lease: view.object, spec: ours };
  }
  if (holder !== '' && now < view.changedAt + (durationMs ?? times.leaseMs)) {
    return { type: 'wait' };
  }
  const spec = { ...ours, acquireTime: renewTime, leaseTransitions: transitions + 1 };
  return { type: 'replace', lease: view.object, spec };
}

function read(lease: KubeObject): { holder: string; durationMs: number | undefined; transitions: number } {
  const spec: Record<string, unknown> = {
    ...(typeof lease['spec'] === 'object' ? lease['spec'] : undefined),
  };
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = spec;
  return {
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : undefined,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
  };
}
