import { BrokerError } from '../errors.ts';
import { createTopic } from './admin.ts';
import { commitCursor, openCursor } from './cursor.ts';
import { describeNode, listMetadata, listOffsets } from './describe.ts';
import { fetchAsJson } from './gateway-fetch.ts';
import { produceFromJson } from './gateway-produce.ts';
import { Fields } from './json-fields.ts';
import type { NodeParts } from './node-parts.ts';
import type { Topic } from '../group/system.ts';

/** What a route gives back; `body` is sent as JSON. */
export interface GatewayAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GatewayRequest {
  readonly method: string;
  readonly url: string;
  /** From `Authorization: Bearer`, else empty. */
  readonly token: string;
  readonly body: Buffer;
}

/**
 *     GET  /healthz
 *     GET  /v1/describe
 *     GET  /v1/topics                                       POST /v1/topics (token)
 *     GET  /v1/topics/T
 *     GET  /v1/topics/T/partitions/P/offsets
 *     POST /v1/topics/T/partitions/P/records                GET  ...?offset=&bytesMax=&waitMs=
 *     POST /v1/topics/T/partitions/P/cursors/GROUP          open: {generation}
 *     PUT  /v1/topics/T/partitions/P/cursors/GROUP          commit: {generation, offset}
 *
 * Throws `BrokerError`. A partition led elsewhere is answered with a redirect where the leader's
 * gateway is known.
 */
export async function routeRequest(
  parts: NodeParts,
  request: GatewayRequest,
): Promise<GatewayAnswer> {
  const { path, query } = splitUrl(request.url);
  try {
    return await route(parts, request, path, query);
  } catch (error) {
    const redirect = redirectToLeader(parts, request, path, error);
    if (redirect !== undefined) return redirect;
    throw error;
  }
}

async function route(
  parts: NodeParts,
  request: GatewayRequest,
  path: readonly string[],
  query: URLSearchParams,
): Promise<GatewayAnswer> {
  const { method } = request;
  if (path[0] === 'healthz' && path.length === 1 && method === 'GET') return health(parts);
  if (path[0] !== 'v1') throw noRoute(request);
  if (path[1] === 'describe' && path.length === 2 && method === 'GET') {
    return ok(describeNode(parts));
  }
  if (path[1] !== 'topics') throw noRoute(request);
  if (path.length === 2) return await routeTopics(parts, request);
  const topic = parts.system.machine.topicNamed(path[2]!);
  if (topic === undefined) throw new BrokerError('unknown-topic', 'there is no such topic');
  if (path.length === 3 && method === 'GET') {
    return ok(listMetadata(parts, { topics: [topic.config.name] }).topics[0]);
  }
  if (path[3] !== 'partitions' || path.length < 6) throw noRoute(request);
  return await routePartition(parts, request, { topic, path, query });
}

async function routeTopics(parts: NodeParts, request: GatewayRequest): Promise<GatewayAnswer> {
  if (request.method === 'GET') return ok(listMetadata(parts, { topics: [] }));
  if (request.method !== 'POST') throw noRoute(request);
  const fields = Fields.parse(request.body);
  const config = {
    name: fields.string('name'),
    partitions: fields.integer('partitions', 1),
    replicas: fields.integer('replicas', 1),
    flush: fields.choice('flush', ['sync', 'async', 'os'] as const, 'sync'),
    replication: fields.choice('replication', ['none', 'async', 'quorum'] as const, 'quorum'),
    flushIntervalMs: fields.integer('flushIntervalMs', 50),
    segmentBytes: fields.integer('segmentBytes', 64 * 1024 * 1024),
    retentionBytes: fields.integer('retentionBytes', 0),
    retentionMs: fields.integer('retentionMs', 0),
  };
  const authorized = request.token !== '' && parts.isToken(request.token);
  const created = await createTopic(parts, authorized, { config });
  return { status: 201, body: created };
}

async function routePartition(
  parts: NodeParts,
  request: GatewayRequest,
  at: { readonly topic: Topic; readonly path: readonly string[]; readonly query: URLSearchParams },
): Promise<GatewayAnswer> {
  const { method, body } = request;
  const { topicId } = at.topic;
  const partition = /^\d{1,5}$/.test(at.path[4]!) ? Number(at.path[4]) : -1;
  if (partition < 0) throw new BrokerError('unknown-topic', 'there is no such partition');
  const [what, group] = [at.path[5], at.path[6]];
  const place = { topicId, partition };
  if (what === 'offsets' && at.path.length === 6 && method === 'GET') {
    return ok(await listOffsets(parts, { ...place, replica: at.query.has('replica') }));
  }
  if (what === 'records' && at.path.length === 6) {
    if (method === 'POST') return ok(await produceFromJson(parts, place, body));
    if (method === 'GET') return ok(await fetchAsJson(parts, place, at.query));
  }
  if (what === 'cursors' && group !== undefined && at.path.length === 7) {
    const fields = Fields.parse(body);
    const generation = fields.integer('generation');
    if (method === 'POST') return ok(await openCursor(parts, { ...place, group, generation }));
    if (method === 'PUT') {
      const offset = fields.integer('offset');
      return ok(await commitCursor(parts, { ...place, group, generation, offset }));
    }
  }
  throw noRoute(request);
}

/** Fit to serve: the cluster has a coordinator, and no replica of this node has failed. */
function health(parts: NodeParts): GatewayAnswer {
  const failed = [...parts.replicas.all].filter((partition) => partition.failure !== undefined);
  const coordinator = parts.system.leader;
  const healthy = coordinator !== 0 && failed.length === 0 && parts.system.failure === undefined;
  return {
    status: healthy ? 200 : 503,
    body: {
      status: healthy ? 'ok' : 'unavailable',
      nodeId: parts.nodeId,
      coordinator,
      partitions: parts.replicas.size,
      failed: failed.map((partition) => partition.groupId),
    },
  };
}

/** 307 keeps method and body. */
function redirectToLeader(
  parts: NodeParts,
  request: GatewayRequest,
  path: readonly string[],
  error: unknown,
): GatewayAnswer | undefined {
  if (!(error instanceof BrokerError) || error.detail === 0) return undefined;
  let leader = 0;
  if (error.code === 'not-coordinator') leader = parts.system.leader;
  if (error.code === 'not-leader') {
    const topic = parts.system.machine.topicNamed(path[2] ?? '');
    const hosted = topic && parts.replicas.partition(topic.topicId, Number(path[4]));
    leader = hosted?.replica.leader ?? 0;
  }
  const address = parts.nodes.find((node) => node.id === leader)?.gatewayAddress;
  if (address === undefined || leader === parts.nodeId) return undefined;
  return {
    status: 307,
    body: { error: { code: error.code, message: error.message, leader } },
    headers: { location: `http://${address}${request.url}` },
  };
}

function splitUrl(url: string): { path: string[]; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
  try {
    return {
      path: path.split('/').slice(1).map(decodeURIComponent),
      query: new URLSearchParams(query),
    };
  } catch (cause) {
    throw new BrokerError('invalid-request', 'the path is not valid', { cause });
  }
}

function ok(body: unknown): GatewayAnswer {
  return { status: 200, body };
}

function noRoute(request: GatewayRequest): BrokerError {
  return new BrokerError('invalid-request', `there is no ${request.method} for this path`);
}
