import { describe, expect, it } from 'vitest';
import { Assembler, frameCount, FramingError, MAX_MESSAGE_BYTES } from './framing.ts';

const frame = (length: number) => new Uint8Array(length);

describe('Assembler', () => {
  it('collects the frames of one message after another', () => {
    const assembler = new Assembler();
    expect(assembler.push(frameCount(2))).toBeUndefined();
    expect(assembler.push(frame(3))).toBeUndefined();
    expect(assembler.push(frame(8))).toEqual([frame(3), frame(8)]);
    expect(assembler.push(frameCount(1))).toBeUndefined();
    expect(assembler.push(frame(1))).toEqual([frame(1)]);
  });

  it('counts in little endian', () => {
    expect([...frameCount(258)]).toEqual([2, 1, 0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ['a count of the wrong size', [frame(7)]],
    ['no frames', [frameCount(0)]],
    ['more frames than any answer has', [frameCount(65)]],
    ['an absurd count', [new Uint8Array(8).fill(0xff)]],
    ['frames that are too large together', [frameCount(3), frame(MAX_MESSAGE_BYTES), frame(1)]],
  ])('refuses %s', (_, messages) => {
    const assembler = new Assembler();
    expect(() => {
      for (const message of messages) assembler.push(message);
    }).toThrow(FramingError);
  });
});
