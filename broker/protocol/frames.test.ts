import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader } from './frames.ts';
import { ProtocolError } from './protocol-error.ts';

fc.configureGlobal({ seed: 7 });

function framed(...frames: Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(frame.length);
      return [length, frame];
    }),
  );
}

function reader(frameBytesMax = 1000): { frames: Buffer[]; push: (chunk: Buffer) => void } {
  const frames: Buffer[] = [];
  const into = new FrameReader(frameBytesMax, (frame) => frames.push(frame));
  return { frames, push: (chunk) => into.push(chunk) };
}

describe('FrameReader', () => {
  test('gives the same frames however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        (sent, cuts) => {
          const stream = framed(...sent);
          const { frames, push } = reader();
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const end = at + cuts[turn % cuts.length]!;
            push(Buffer.from(stream.subarray(at, end)));
            at = end;
          }
          expect(frames.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]));
        },
      ),
    );
  });

  test('does not copy a frame that lies inside one chunk', () => {
    const chunk = framed(Buffer.from('one'), Buffer.from('two'));
    const { frames, push } = reader();
    push(chunk);
    chunk.fill('x');
    expect(frames.map(String)).toEqual(['xxx', 'xxx']);
  });

  test('copies a frame that straddles chunks', () => {
    const chunk = framed(Buffer.from('straddling'));
    const { frames, push } = reader();
    push(chunk.subarray(0, 7));
    push(chunk.subarray(7));
    chunk.fill('x');
    expect(frames.map(String)).toEqual(['straddling']);
  });

  test('takes a frame of the greatest length and refuses one byte more', () => {
    const { frames, push } = reader(5);
    push(framed(Buffer.from('12345')));
    expect(frames).toHaveLength(1);
    expect(() => push(framed(Buffer.from('123456')))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    expect(() => push(framed(Buffer.from('1')))).toThrow(ProtocolError);
  });

  test('refuses a length that arrives byte by byte as soon as it is whole', () => {
    const { push } = reader(5);
    push(Buffer.from([0xff]));
    push(Buffer.from([0xff, 0xff]));
    expect(() => push(Buffer.from([0xff]))).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('holds no more memory than has arrived, whatever the length claims', () => {
    const frames: Buffer[] = [];
    const into = new FrameReader(0x7fff_ffff, (frame) => frames.push(frame));
    const before = process.memoryUsage().arrayBuffers;
    into.push(Buffer.from([0xff, 0xff, 0xff, 0x7f, 1, 2, 3]));
    expect(into.waitingBytes).toBe(7);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test('survives any garbage with a ProtocolError at worst', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }), (chunks) => {
        const { frames, push } = reader(64);
        try {
          for (const chunk of chunks) push(Buffer.from(chunk));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
        for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(64);
      }),
    );
  });
});
