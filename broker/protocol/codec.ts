import { ApiKey } from './api.ts';
import type { Requests } from './api.ts';
import { checkProducedBatch } from './batch.ts';
import { readCursor, readGroupStatus, readList, readNode, readNothing } from './fields.ts';
import { readString, readTopic, readTopicConfig, readU32 } from './fields.ts';
import { writeCursor, writeGroupStatus, writeList, writeNode, writeNothing } from './fields.ts';
import { writeString, writeTopic, writeTopicConfig, writeU32 } from './fields.ts';
import { invalid } from './wire.ts';
import type { WireReader, WireWriter } from './wire.ts';

export type RequestName = keyof Requests;
export type RequestOf<N extends RequestName> = Requests[N]['request'];
export type ResponseOf<N extends RequestName> = Requests[N]['response'];

/** The bodies of one api, without frame and head. Reading checks bounds and ranges, not meaning. */
export interface ApiCodec<Request, Response> {
  readonly key: ApiKey;
  writeRequest(to: WireWriter, request: Request): void;
  readRequest(from: WireReader): Request;
  writeResponse(to: WireWriter, response: Response): void;
  readResponse(from: WireReader): Response;
}

export const codecs: {
  readonly [N in RequestName]: ApiCodec<RequestOf<N>, ResponseOf<N>>;
} = {
  hello: {
    key: ApiKey.hello,
    writeRequest(to, request) {
      to.u32(request.protocolVersion);
      to.string(request.clientName);
      to.string(request.token);
    },
    readRequest: (from) => ({
      protocolVersion: from.u32(),
      clientName: from.string(),
      token: from.string(),
    }),
    writeResponse(to, response) {
      to.u32(response.nodeId);
      to.u32(response.protocolVersion);
      to.u32(response.frameBytesMax);
      to.u32(response.batchBytesMax);
    },
    readResponse: (from) => ({
      nodeId: from.u32(),
      protocolVersion: from.u32(),
      frameBytesMax: from.u32(),
      batchBytesMax: from.u32(),
    }),
  },
  metadata: {
    key: ApiKey.metadata,
    writeRequest: (to, request) => writeList(to, request.topics, writeString),
    readRequest: (from) => ({ topics: readList(from, 2, readString) }),
    writeResponse(to, response) {
      writeList(to, response.nodes, writeNode);
      to.u32(response.coordinator);
      writeList(to, response.topics, writeTopic);
    },
    readResponse: (from) => ({
      nodes: readList(from, 6, readNode),
      coordinator: from.u32(),
      topics: readList(from, 46, readTopic),
    }),
  },
  createTopic: {
    key: ApiKey.createTopic,
    writeRequest: (to, request) => writeTopicConfig(to, request.config),
    readRequest: (from) => ({ config: readTopicConfig(from) }),
    writeResponse: (to, response) => to.u32(response.topicId),
    readResponse: (from) => ({ topicId: from.u32() }),
  },
  initProducer: {
    key: ApiKey.initProducer,
    writeRequest: (to, request) => to.u64(request.producerId),
    readRequest: (from) => ({ producerId: from.u64() }),
    writeResponse(to, response) {
      to.u64(response.producerId);
      to.u32(response.epoch);
    },
    readResponse: (from) => ({ producerId: from.u64(), epoch: from.u32() }),
  },
  produce: {
    key: ApiKey.produce,
    writeRequest(to, request) {
      to.u32(request.topicId);
      to.u32(request.partition);
      to.tail(request.batch);
    },
    readRequest(from) {
      const topicId = from.u32();
      const partition = from.u32();
      const batch = from.rest();
      const wrong = checkProducedBatch(batch);
      if (wrong !== undefined) throw invalid(wrong);
      return { topicId, partition, batch };
    },
    writeResponse(to, response) {
      to.u64(response.baseOffset);
      to.u64(response.term);
    },
    readResponse: (from) => ({ baseOffset: from.u64(), term: from.u64() }),
  },
  fetch: {
    key: ApiKey.fetch,
    writeRequest(to, request) {
      to.u32(request.topicId);
      to.u32(request.partition);
      to.u64(request.offset);
      to.u64(request.lastTerm);
      to.u32(request.bytesMax);
      to.u32(request.waitMs);
      to.bool(request.replica);
    },
    readRequest: (from) => ({
      topicId: from.u32(),
      partition: from.u32(),
      offset: from.u64(),
      lastTerm: from.u64(),
      bytesMax: from.u32(),
      waitMs: from.u32(),
      replica: from.bool(),
    }),
    writeResponse(to, response) {
      to.u64(response.logStartOffset);
      to.u64(response.highWatermark);
      to.tail(response.batches);
    },
    readResponse: (from) => ({
      logStartOffset: from.u64(),
      highWatermark: from.u64(),
      batches: from.rest(),
    }),
  },
  listOffsets: {
    key: ApiKey.listOffsets,
    writeRequest(to, request) {
      to.u32(request.topicId);
      to.u32(request.partition);
      to.bool(request.replica);
    },
    readRequest: (from) => ({
      topicId: from.u32(),
      partition: from.u32(),
      replica: from.bool(),
    }),
    writeResponse(to, response) {
      to.u64(response.logStartOffset);
      to.u64(response.highWatermark);
      to.u64(response.logEndOffset);
    },
    readResponse: (from) => ({
      logStartOffset: from.u64(),
      highWatermark: from.u64(),
      logEndOffset: from.u64(),
    }),
  },
  openCursor: {
    key: ApiKey.openCursor,
    writeRequest: writeCursor,
    readRequest: readCursor,
    writeResponse: (to, response) => to.integer(response.offset),
    readResponse: (from) => ({ offset: from.integer() }),
  },
  commitCursor: {
    key: ApiKey.commitCursor,
    writeRequest(to, request) {
      writeCursor(to, request);
      to.u64(request.offset);
    },
    readRequest: (from) => ({ ...readCursor(from), offset: from.u64() }),
    writeResponse: writeNothing,
    readResponse: readNothing,
  },
  joinGroup: {
    key: ApiKey.joinGroup,
    writeRequest(to, request) {
      to.string(request.group);
      to.string(request.memberId);
      to.string(request.topic);
      to.u32(request.sessionTimeoutMs);
    },
    readRequest: (from) => ({
      group: from.string(),
      memberId: from.string(),
      topic: from.string(),
      sessionTimeoutMs: from.u32(),
    }),
    writeResponse(to, response) {
      to.string(response.memberId);
      to.u32(response.generation);
      writeList(to, response.partitions, writeU32);
    },
    readResponse: (from) => ({
      memberId: from.string(),
      generation: from.u32(),
      partitions: readList(from, 4, readU32),
    }),
  },
  heartbeatGroup: {
    key: ApiKey.heartbeatGroup,
    writeRequest(to, request) {
      to.string(request.group);
      to.string(request.memberId);
      to.u32(request.generation);
    },
    readRequest: (from) => ({
      group: from.string(),
      memberId: from.string(),
      generation: from.u32(),
    }),
    writeResponse: writeNothing,
    readResponse: readNothing,
  },
  leaveGroup: {
    key: ApiKey.leaveGroup,
    writeRequest(to, request) {
      to.string(request.group);
      to.string(request.memberId);
    },
    readRequest: (from) => ({ group: from.string(), memberId: from.string() }),
    writeResponse: writeNothing,
    readResponse: readNothing,
  },
  describe: {
    key: ApiKey.describe,
    writeRequest: writeNothing,
    readRequest: readNothing,
    writeResponse(to, response) {
      to.u32(response.nodeId);
      to.string(response.version);
      writeList(to, response.groups, writeGroupStatus);
    },
    readResponse: (from) => ({
      nodeId: from.u32(),
      version: from.string(),
      groups: readList(from, 85, readGroupStatus),
    }),
  },
};
