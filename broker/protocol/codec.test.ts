import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBatch } from './batch.ts';
import type { RequestName, RequestOf, ResponseOf } from './codec.ts';
import { codecs } from './codec.ts';
import { decodeRequest, decodeResponse, encodeError, encodeRequest } from './messages.ts';
import { encodeResponse, requestApi, requestCorrelationId } from './messages.ts';
import { responseCorrelationId, responseError } from './messages.ts';
import { encodeProduce, produceResponseBytes, writeProduceResponse } from './produce.ts';
import { ProtocolError } from './protocol-error.ts';

fc.configureGlobal({ seed: 7 });

const u32 = fc.nat({ max: 0xffff_ffff });
const u64 = fc.maxSafeNat();
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 60 }).map((value) => Buffer.from(value));
const config = fc.record({
  name: text,
  partitions: u32,
  replicas: u32,
  flush: fc.constantFrom('sync', 'async', 'os'),
  replication: fc.constantFrom('none', 'async', 'quorum'),
  flushIntervalMs: u32,
  segmentBytes: u64,
  retentionBytes: u64,
  retentionMs: u64,
});
const cursor = fc.record({ topicId: u32, partition: u32, group: text, generation: u32 });
const nothing = fc.constant({});
const batch = bytes.map((body) =>
  createBatch({ kind: 1, recordCount: 1 }, Buffer.concat([body, Buffer.alloc(8)])),
);
const partition = fc.record({ partition: u32, replicas: fc.array(u32), leader: u32, term: u64 });
const group = fc.record({
  groupId: u64,
  role: fc.constantFrom('follower', 'pre-candidate', 'candidate', 'leader'),
  term: u64,
  leader: u32,
  commitIndex: u64,
  lastIndex: u64,
  logStartOffset: u64,
  highWatermark: u64,
  logEndOffset: u64,
  syncedOffset: u64,
  persistedOffset: u64,
  syncMsMax: fc.double({ min: 0, noNaN: true }),
});

const requests: { readonly [N in RequestName]: fc.Arbitrary<RequestOf<N>> } = {
  hello: fc.record({ protocolVersion: u32, clientName: text, token: text }),
  metadata: fc.record({ topics: fc.array(text) }),
  createTopic: fc.record({ config }),
  initProducer: fc.record({ producerId: u64 }),
  produce: fc.record({ topicId: u32, partition: u32, batch }),
  fetch: fc.record({
    topicId: u32,
    partition: u32,
    offset: u64,
    lastTerm: u64,
    bytesMax: u32,
    waitMs: u32,
    replica: fc.boolean(),
  }),
  listOffsets: fc.record({ topicId: u32, partition: u32, replica: fc.boolean() }),
  openCursor: cursor,
  commitCursor: fc.tuple(cursor, u64).map(([of, offset]) => ({ ...of, offset })),
  joinGroup: fc.record({ group: text, memberId: text, topic: text, sessionTimeoutMs: u32 }),
  heartbeatGroup: fc.record({ group: text, memberId: text, generation: u32 }),
  leaveGroup: fc.record({ group: text, memberId: text }),
  describe: nothing,
};

const responses: { readonly [N in RequestName]: fc.Arbitrary<ResponseOf<N>> } = {
  hello: fc.record({ nodeId: u32, protocolVersion: u32, frameBytesMax: u32, batchBytesMax: u32 }),
  metadata: fc.record({
    nodes: fc.array(fc.record({ id: u32, address: text }), { maxLength: 4 }),
    coordinator: u32,
    topics: fc.array(
      fc.record({ topicId: u32, config, partitions: fc.array(partition, { maxLength: 4 }) }),
      { maxLength: 4 },
    ),
  }),
  createTopic: fc.record({ topicId: u32 }),
  initProducer: fc.record({ producerId: u64, epoch: u32 }),
  produce: fc.record({ baseOffset: u64, term: u64 }),
  fetch: fc.record({ logStartOffset: u64, highWatermark: u64, batches: bytes }),
  listOffsets: fc.record({ logStartOffset: u64, highWatermark: u64, logEndOffset: u64 }),
  openCursor: fc.record({ offset: fc.oneof(fc.constant(-1), u64) }),
  commitCursor: nothing,
  joinGroup: fc.record({ memberId: text, generation: u32, partitions: fc.array(u32) }),
  heartbeatGroup: nothing,
  leaveGroup: nothing,
  describe: fc.record({ nodeId: u32, version: text, groups: fc.array(group, { maxLength: 4 }) }),
};

/** The frame that a `FrameReader` would cut out. */
function frameOf(chunks: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(chunks);
  expect(whole.readUInt32LE(0)).toBe(whole.length - 4);
  return whole.subarray(4);
}

function framesOf<N extends RequestName>(api: N): fc.Arbitrary<Buffer> {
  return requests[api].map((request) => frameOf(encodeRequest(api, 1, request as RequestOf<N>)));
}

const apis = Object.keys(codecs) as RequestName[];

describe.each(apis)('%s', (api) => {
  test('gives back each request that it wrote', () => {
    fc.assert(
      fc.property(requests[api], u32, (request, correlationId) => {
        const frame = frameOf(encodeRequest(api, correlationId, request));
        expect(requestApi(frame)).toBe(codecs[api].key);
        expect(requestCorrelationId(frame)).toBe(correlationId);
        expect(decodeRequest(frame)).toEqual({ api, correlationId, request });
      }),
      { numRuns: 40 },
    );
  });

  test('gives back each answer that it wrote', () => {
    fc.assert(
      fc.property(responses[api], u32, (response, correlationId) => {
        const frame = frameOf(encodeResponse(api, correlationId, response));
        expect(responseCorrelationId(frame)).toBe(correlationId);
        expect(responseError(frame)).toBeUndefined();
        expect(decodeResponse(api, frame)).toEqual(response);
      }),
      { numRuns: 40 },
    );
  });

  test('refuses mutated, cut and random bytes with a ProtocolError and nothing else', () => {
    const mutation = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        requests[api],
        responses[api],
        fc.array(mutation, { maxLength: 3 }),
        fc.nat(),
        fc.uint8Array({ maxLength: 80 }),
        (request, response, mutations, cut, noise) => {
          const sent = frameOf(encodeRequest(api, 1, request));
          const answered = frameOf(encodeResponse(api, 1, response));
          for (const frame of [sent, answered]) {
            for (const [at, value] of mutations) frame[at % frame.length] = value;
          }
          const head = Buffer.from([codecs[api].key, 1, 0, 0, 0, 0]);
          for (const frame of [
            sent,
            sent.subarray(0, cut % sent.length),
            Buffer.concat([head, noise]),
            Buffer.from(noise),
          ]) {
            expect(thrownBy(() => decodeRequest(frame))).toSatisfy(protocolErrorOrNothing);
          }
          for (const frame of [answered, answered.subarray(0, cut % answered.length), noise]) {
            const answer = Buffer.from(frame);
            expect(thrownBy(() => responseError(answer))).toSatisfy(protocolErrorOrNothing);
            expect(thrownBy(() => decodeResponse(api, answer))).toSatisfy(protocolErrorOrNothing);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('refuses a request with bytes left over', () => {
    if (api === 'produce') return; // its batch is the rest, and has a length of its own
    const [frame] = fc.sample(framesOf(api), 1);
    expect(() => decodeRequest(Buffer.concat([frame!, Buffer.of(0)]))).toThrow(ProtocolError);
  });
});

function thrownBy(decode: () => unknown): unknown {
  try {
    decode();
  } catch (error) {
    return error;
  }
  return undefined;
}

const protocolErrorOrNothing = (error: unknown): boolean =>
  error === undefined || error instanceof ProtocolError;

describe('the codec', () => {
  test('carries an error with its detail and message', () => {
    for (const error of [
      { wire: 11, detail: -1, message: 'last sequence known is -1' },
      { wire: 1, detail: undefined, message: '' },
    ]) {
      const frame = frameOf(encodeError(77, error));
      expect(responseCorrelationId(frame)).toBe(77);
      expect(responseError(frame)).toEqual(error);
    }
  });

  test('leaves a produced batch where it arrived, so that it can be filled in place', () => {
    const [sent] = fc.sample(batch, 1);
    const [head, tail] = encodeProduce(5, { topicId: 1, partition: 2, batch: sent! });
    expect(tail).toBe(sent);
    const frame = frameOf([head, tail]);
    const decoded = decodeRequest(frame);
    if (decoded.api !== 'produce') throw new Error('it is a produce request');
    expect(decoded.request.batch.buffer).toBe(frame.buffer);
    decoded.request.batch[4] = 0xaa;
    expect(frame[14 + 4]).toBe(0xaa);
  });

  test('writes the produce request and its answer of the hot path as the general way does', () => {
    const [sent] = fc.sample(batch, 1);
    const request = { topicId: 70_000, partition: 3, batch: sent! };
    expect(Buffer.concat(encodeProduce(9, request))).toEqual(
      Buffer.concat(encodeRequest('produce', 9, request)),
    );
    const answer = Buffer.alloc(produceResponseBytes);
    const response = { baseOffset: 2 ** 41 + 3, term: 12 };
    expect(writeProduceResponse(answer, 0, { correlationId: 9, ...response })).toBe(answer.length);
    expect(answer).toEqual(Buffer.concat(encodeResponse('produce', 9, response)));
  });

  test('names the version that it does not speak', () => {
    const frame = frameOf(encodeRequest('describe', 1, {}));
    frame[1] = 9;
    expect(() => decodeRequest(frame)).toThrow(
      expect.objectContaining({ code: 'unsupported-version' }),
    );
  });

  test('allocates nothing for a list longer than its message', () => {
    const frame = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0]), Buffer.alloc(4, 0xff)]);
    expect(() => decodeRequest(frame)).toThrow('claims 4294967295 elements');
  });

  test('refuses to write what it could not read', () => {
    expect(() => encodeRequest('initProducer', 1, { producerId: 2 ** 53 })).toThrow(ProtocolError);
    for (const partition of [-1, 0.5, 2 ** 32])
      expect(() =>
        encodeRequest('listOffsets', 1, { topicId: 1, partition, replica: false }),
      ).toThrow(ProtocolError);
    const topics = ['x'.repeat(70_000)];
    expect(() => encodeRequest('metadata', 1, { topics })).toThrow('too long');
  });
});
