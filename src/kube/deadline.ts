/**
 * A signal that is aborted by another one or after a time, whichever comes first. Disposed, it leaves neither timer nor listener
 * behind: `AbortSignal.any` on a signal that lives as long as the process would keep some memory per request.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  #passed = false;

  constructor(ms: number, parent?: AbortSignal) {
    this.#parent = parent;
    this.#timer = setTimeout(() => {
      this.#passed = true;
      this.#controller.abort(new DOMException(`Not within ${ms} ms`, 'TimeoutError'));
    }, ms);
    parent?.addEventListener('abort', this.#forward, { once: true });
    if (parent?.aborted === true) {
      this.#forward();
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the time ran out, as against an abort from outside. */
  get passed(): boolean {
    return this.#passed;
  }

  /** No more time limit; aborts from outside still come through. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.#forward);
  }

  readonly #forward = (): void => {
    this.#controller.abort(this.#parent?.reason);
  };
}
