/** Dask's WebSocket framing: a message of 8 bytes with the number of frames (little endian), then each frame as a message of its own. */

const COUNT_BYTES = 8;
// Plain data travels in one frame. More come only with serialised Python objects, such as the exception of a failed call.
const MAX_FRAMES = 64;

export const MAX_MESSAGE_BYTES = 1024 * 1024;

export class FramingError extends Error {}

export function frameCount(frames: number): Uint8Array {
  const bytes = new Uint8Array(COUNT_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(frames), true);
  return bytes;
}

/** Collects WebSocket messages into Dask messages, within bounds on frames and bytes. */
export class Assembler {
  #missing = 0;
  #bytes = 0;
  #frames: Uint8Array[] = [];

  /** Returns the frames of a message once complete, else undefined. Throws FramingError, after which the stream is lost. */
  push(message: Uint8Array): Uint8Array[] | undefined {
    if (this.#missing === 0) {
      this.#begin(message);
      return undefined;
    }
    this.#bytes += message.length;
    if (this.#bytes > MAX_MESSAGE_BYTES)
      throw new FramingError(`a message of more than ${MAX_MESSAGE_BYTES} bytes`);
    this.#frames.push(message);
    this.#missing -= 1;
    return this.#missing === 0 ? this.#frames : undefined;
  }

  #begin(message: Uint8Array): void {
    if (message.length !== COUNT_BYTES)
      throw new FramingError(`a frame count of ${message.length} bytes instead of ${COUNT_BYTES}`);
    const count = new DataView(message.buffer, message.byteOffset).getBigUint64(0, true);
    if (count < 1n || count > BigInt(MAX_FRAMES)) throw new FramingError(`a message of ${count} frames`);
    this.#missing = Number(count);
    this.#bytes = 0;
    this.#frames = [];
  }
}
