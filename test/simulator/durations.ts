/** Seconds that distributed assumes of a task of unknown duration. */
const ASSUMED = 0.5;

interface Kind {
  /** Learnt seconds; negative: unknown. */
  average: number;
  /** The longest time that one was seen to run. */
  longest: number;
}

/** What distributed learns of each kind of task (its task prefixes). */
export class Durations {
  private readonly kinds = new Map<string, Kind>();

  isKnown(kind: string): boolean {
    return this.kind(kind).average >= 0;
  }

  /** Seconds of one: learnt, else twice the longest seen so far, else what distributed assumes. */
  expected(kind: string): number {
    const { average, longest } = this.kind(kind);
    if (average >= 0) return average;
    return longest > 0 ? 2 * longest : ASSUMED;
  }

  /** A heartbeat tells how long a task has been running. One that runs twice as long as expected makes its kind unknown. */
  running(kind: string, seconds: number): void {
    const known = this.kind(kind);
    known.longest = Math.max(known.longest, seconds);
    if (seconds > 2 * known.average) known.average = -1;
  }

  finished(kind: string, seconds: number): void {
    const known = this.kind(kind);
    known.average = known.average < 0 ? seconds : (known.average + seconds) / 2;
  }

  private kind(name: string): Kind {
    let kind = this.kinds.get(name);
    if (kind === undefined) {
      kind = { average: -1, longest: 0 };
      this.kinds.set(name, kind);
    }
    return kind;
  }
}
