/** What the fault proxy does to a request instead of passing it on and its answer back. */
export type Fault =
  /** The proxy answers by itself; the server never sees the request. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
    }
  /** The connection is reset; the server never sees the request. */
  | { readonly type: 'reset' }
  /** The server does what was asked; its answer is replaced by a reset. */
  | { readonly type: 'loseAnswer' }
  /** The server does what was asked; nobody is answered, as when the client has died meanwhile. */
  | { readonly type: 'keepAnswer' }
  /** The answer's bytes arrive `ms` later; what is held back is lost when the answer is struck. */
  | { readonly type: 'lag'; readonly ms: number }
  /** Passed on `ms` later. */
  | { readonly type: 'delay'; readonly ms: number }
  /** Never passed on, never answered: as with a peer that is gone. */
  | { readonly type: 'halfOpen' }
  /** The answer arrives in pieces of so many bytes. */
  | { readonly type: 'split'; readonly bytes: number };

/** Which requests: all conditions hold. */
export interface Match {
  readonly method?: string;
  /** Any of these. */
  readonly methods?: readonly string[];
  /** Tested against path and query. */
  readonly path?: RegExp;
  /** Only the n-th that matches otherwise, counted from 1. */
  readonly nth?: number;
  /** Only the first, the third, the fifth and so on of those that have the same method and path. */
  readonly byTurns?: boolean;
  /** At most so many. */
  readonly times?: number;
}

interface Rule {
  readonly match: Match;
  readonly fault: Fault;
  seen: number;
  struck: number;
  /** Requests whose turn was last, so that the next of the kind is let pass. */
  readonly spared: Set<string>;
}

function isSpared({ spared }: Rule, request: string): boolean {
  if (spared.delete(request)) return true;
  spared.add(request);
  return false;
}

/** The rules in force, and how often each has matched. */
export class FaultRules {
  readonly #rules: Rule[] = [];

  /** Returns what removes it again. Earlier rules come first. */
  add(match: Match, fault: Fault): () => void {
    const rule = { match, fault, seen: 0, struck: 0, spared: new Set<string>() };
    this.#rules.push(rule);
    return () => {
      this.#rules.splice(this.#rules.indexOf(rule) >>> 0, 1);
    };
  }

  clear(): void {
    this.#rules.length = 0;
  }

  for(method: string, path: string): Fault | undefined {
    for (const rule of this.#rules) {
      const { match } = rule;
      if (
        (match.method ?? method) === method &&
        (match.methods?.includes(method) ?? true) &&
        (match.path?.test(path) ?? true)
      ) {
        rule.seen += 1;
        const due =
          rule.seen === (match.nth ?? rule.seen) &&
          !(match.byTurns === true && isSpared(rule, `${method} ${path}`));
        if (due && rule.struck < (match.times ?? Infinity)) {
          rule.struck += 1;
          return rule.fault;
        }
      }
    }
    return undefined;
  }
}
