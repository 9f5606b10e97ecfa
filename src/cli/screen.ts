import type { WriteStream } from 'node:tty';

/** Paints a block of lines in place on a terminal; `leave` puts the cursor below the last one. */
export class Screen {
  readonly #stream: WriteStream;
  #height = 0;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  get width(): number {
    return Math.max(40, this.#stream.columns);
  }

  /** Lines must not be longer than `width`. What does not fit the height is left out at the end. */
  paint(lines: readonly string[]): void {
    const shown = lines.slice(0, Math.max(5, this.#stream.rows - 1));
    const back = this.#height > 0 ? `\x1b[${this.#height}A` : '\x1b[?25l';
    this.#stream.write(`${back}\r\x1b[0J${shown.map((line) => `${line}\n`).join('')}`);
    this.#height = shown.length;
  }

  leave(): void {
    this.#stream.write('\x1b[?25h');
    this.#height = 0;
  }
}
