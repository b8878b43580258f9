import type { JetStreamManager } from '@nats-io/jetstream';
import { millis, type NatsConnection } from '@nats-io/transport-node';
import { HarnessError } from '../../errors.ts';
import type { Target, TopicOptions } from '../driver.ts';
import { versionProblem } from './binary.ts';
import { nodeOfServer, systemUser } from './config.ts';
import { openConnection } from './connection.ts';
import { until } from './patience.ts';
import { partitionsOf, streamOf } from './streams.ts';

const leaderMsMax = 1000;
/** All servers are asked at once, and answer together. */
const gatherMs = 500;
const describeMsMax = 10_000;

/** What the servers say of themselves to whoever may ask. */
export class SystemAccount {
  readonly #target: Target;
  #connection: Promise<NatsConnection> | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /** The node that leads the meta group; 0 when none says that it does. */
  async coordinator(): Promise<number> {
    const nc = await this.#connected();
    const question = JSON.stringify({ leader_only: true });
    try {
      const timeout = leaderMsMax;
      const reply = await nc.request('$SYS.REQ.SERVER.PING.JSZ', question, { timeout });
      const { server } = reply.json<{ readonly server?: { readonly name?: string } }>();
      return nodeOfServer(server?.name);
    } catch {
      return 0;
    }
  }

  /** How each server runs, in the order of the nodes. Rejects when one does not say. */
  async servers(): Promise<Server[]> {
    const nc = await this.#connected();
    const replies = await nc.requestMany('$SYS.REQ.SERVER.PING.VARZ', '', {
      strategy: 'timer',
      maxWait: gatherMs,
    });
    const found: Server[] = [];
    for await (const reply of replies) found.push(serverOf(reply.json<Varz>()));
    if (found.length < this.#target.addresses.length)
      throw new Error('not every server has said how it runs');
    return found.sort((left, right) => left.node - right.node);
  }

  /** Whether all servers answer, and one of them says that it leads the meta group. */
  async isWhole(): Promise<boolean> {
    const all = this.servers().then(
      () => true,
      () => false,
    );
    const [isLed, isComplete] = await Promise.all([this.coordinator(), all]);
    return isLed !== 0 && isComplete;
  }

  async close(): Promise<void> {
    await (await this.#connection)?.close();
  }

  #connected(): Promise<NatsConnection> {
    this.#connection ??= openConnection(this.#target, systemUser);
    return this.#connection;
  }
}

export interface Server {
  readonly node: number;
  readonly version: string;
  readonly syncAlways: boolean;
  readonly syncIntervalMs: number;
}

/** The part of a server's own account of itself that is kept. */
interface Varz {
  readonly data?: {
    readonly server_name?: string;
    readonly version?: string;
    readonly jetstream?: {
      readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean };
    };
  };
}

function serverOf({ data }: Varz): Server {
  const config = data?.jetstream?.config;
  return {
    node: nodeOfServer(data?.server_name),
    version: data?.version ?? '',
    syncAlways: config?.sync_always === true,
    syncIntervalMs: millis(config?.sync_interval ?? 0),
  };
}

type Asked = Pick<TopicOptions, 'flush' | 'flushIntervalMs'>;

/** Which server says that it runs otherwise than it was told to, as a sentence. */
export function unlikeAsked(
  servers: readonly Server[],
  { flush, flushIntervalMs }: Asked,
): string | undefined {
  for (const { node, version, syncAlways, syncIntervalMs } of servers) {
    const tooOld = versionProblem(`node ${node}`, `nats-server ${version}`);
    if (tooOld !== undefined) return tooOld;
    const isAsAsked = flush !== 'async' || syncIntervalMs === flushIntervalMs;
    if (syncAlways === (flush === 'sync') && isAsAsked) continue;
    const says = syncAlways ? 'each write' : `every ${syncIntervalMs} ms`;
    const asked = flush === 'async' ? `async every ${flushIntervalMs} ms` : flush;
    return `node ${node} says that it syncs ${says}, and flush ${asked} was asked for`;
  }
  return undefined;
}

/**
 * Version, flush mode and the streams' configuration, read back from the servers. Rejects with
 * HarnessError `environment` when one of them says that it runs otherwise than `asked`.
 */
export async function describeTopic(
  jsm: JetStreamManager,
  system: SystemAccount,
  { topic, asked }: { readonly topic: string; readonly asked: Asked | undefined },
): Promise<{ readonly version: string; readonly config: Record<string, unknown> }> {
  const found = await until(describeMsMax, () => readBack(jsm, system, topic));
  const problem = asked && unlikeAsked(found.config.servers, asked);
  if (problem !== undefined) throw new HarnessError('environment', problem);
  return found;
}

async function readBack(jsm: JetStreamManager, system: SystemAccount, topic: string) {
  const servers = await system.servers();
  const partitions = await partitionsOf(jsm, topic);
  const { config } = await jsm.streams.info(streamOf(topic, 0));
  return {
    version: [...new Set(servers.map(({ version }) => version))].join(', '),
    config: {
      servers,
      streams: partitions,
      storage: config.storage,
      replicas: config.num_replicas,
      retention: config.retention,
      discard: config.discard,
      duplicateWindowMs: millis(config.duplicate_window),
    },
  };
}
