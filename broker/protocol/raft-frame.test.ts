import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader } from './frames.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeRaftFrame, encodeRaftFrames } from './raft-frame.ts';
import type { GroupMessage, RaftMessage } from './raft-frame.ts';

fc.configureGlobal({ seed: 7 });

const u32 = fc.nat({ max: 0xffff_ffff });
const u64 = fc.maxSafeNat();
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value)),
  fc.nat({ max: 9000 }).map((length) => Buffer.alloc(length, length)),
);
const entry = fc.record({ term: u64, index: u64, bytes });
const envelope = { from: u32, to: u32, term: u64 };
const message: fc.Arbitrary<RaftMessage> = fc.oneof(
  fc.record({
    ...envelope,
    type: fc.constantFrom('pre-vote', 'vote'),
    lastIndex: u64,
    lastTerm: u64,
  }),
  fc.record({
    ...envelope,
    type: fc.constantFrom('pre-vote-response', 'vote-response'),
    granted: fc.boolean(),
  }),
  fc.record({
    ...envelope,
    type: fc.constant('append' as const),
    prevIndex: u64,
    prevTerm: u64,
    commitIndex: u64,
    round: u64,
    entries: fc.array(entry, { maxLength: 8 }),
  }),
  fc.record({
    ...envelope,
    type: fc.constant('append-response' as const),
    incarnation: u64,
    round: u64,
    rejected: fc.boolean(),
    index: u64,
    hintIndex: u64,
    hintTerm: u64,
  }),
  fc.record({
    ...envelope,
    type: fc.constant('snapshot' as const),
    mark: fc.record({ index: u64, term: u64 }),
    data: bytes,
  }),
  fc.record({ ...envelope, type: fc.constant('timeout-now' as const) }),
);
const messages = fc.array(fc.record({ groupId: u64, message }), { maxLength: 12 });

const heartbeat: RaftMessage & { type: 'append' } = {
  type: 'append',
  from: 1,
  to: 2,
  term: 1,
  prevIndex: 0,
  prevTerm: 1,
  commitIndex: 0,
  round: 4,
  entries: [],
};

function decodeAll(chunks: readonly Buffer[], frameBytesMax: number): GroupMessage[] {
  const decoded: GroupMessage[] = [];
  const reader = new FrameReader(frameBytesMax, (frame) => {
    decodeRaftFrame(frame, (groupId, of) => decoded.push({ groupId, message: of }));
  });
  reader.push(Buffer.concat(chunks));
  expect(reader.waitingBytes).toBe(0);
  return decoded;
}

/** False for a `ProtocolError`; any other error passes through. */
function decodes(frame: Buffer): boolean {
  try {
    decodeRaftFrame(frame, () => {});
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

describe('raft frames', () => {
  test('give back every message of every group, in order, within the frame limit', () => {
    fc.assert(
      fc.property(messages, (sent) => {
        expect(decodeAll(encodeRaftFrames(sent, 100_000), 100_000)).toEqual(sent);
      }),
      { numRuns: 50 },
    );
  });

  test('carry many groups in one frame and few chunks', () => {
    const sent = Array.from({ length: 500 }, (_, groupId): GroupMessage => {
      const entries = [{ term: 1, index: groupId + 1, bytes: Buffer.alloc(168, groupId) }];
      const message: RaftMessage = {
        ...heartbeat,
        prevIndex: groupId,
        entries,
      };
      return { groupId, message };
    });
    const chunks = encodeRaftFrames(sent, 1 << 20);
    expect(chunks.length).toBeLessThan(6);
    let frames = 0;
    new FrameReader(1 << 20, () => frames++).push(Buffer.concat(chunks));
    expect(frames).toBe(1);
    expect(decodeAll(chunks, 1 << 20)).toEqual(sent);
  });

  test('do not copy a big payload', () => {
    const big = Buffer.alloc(100_000, 5);
    const entries = [{ term: 1, index: 1, bytes: big }];
    const message: RaftMessage = {
      ...heartbeat,
      entries,
    };
    expect(encodeRaftFrames([{ groupId: 0, message }], 1 << 20)).toContain(big);
  });

  test('refuse one message that no frame can hold', () => {
    const message: RaftMessage = {
      type: 'snapshot',
      from: 1,
      to: 2,
      term: 1,
      mark: { index: 1, term: 1 },
      data: Buffer.alloc(1000),
    };
    expect(() => encodeRaftFrames([{ groupId: 0, message }], 1000)).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });

  test('refuse mutated and random bytes with a ProtocolError and nothing else', () => {
    const mutation = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        messages,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.uint8Array({ maxLength: 80 }),
        (sent, mutations, cut, noise) => {
          const sound = Buffer.concat(encodeRaftFrames(sent, 1e6));
          const frame = Buffer.concat([sound, noise]).subarray(4);
          for (const [at, value] of mutations) frame[at % frame.length] = value;
          for (const bad of [frame, frame.subarray(0, cut % (frame.length + 1)), noise]) {
            expect(decodes(Buffer.from(bad))).toBeTypeOf('boolean');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
