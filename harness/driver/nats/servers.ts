import type { JetStreamManager } from '@nats-io/jetstream';
import { millis, type NatsConnection } from '@nats-io/transport-node';
import type { Target } from '../driver.ts';
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

  /** How each server runs, in the order of the nodes. */
  async servers(): Promise<Server[]> {
    const nc = await this.#connected();
    const replies = await nc.requestMany('$SYS.REQ.SERVER.PING.VARZ', '', {
      strategy: 'timer',
      maxWait: gatherMs,
    });
    const found: Server[] = [];
    for await (const reply of replies) found.push(serverOf(reply.json<Varz>()));
    return found.sort((left, right) => left.node - right.node);
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

/** Version, flush mode and the streams' configuration, read back from the servers. */
export function describeTopic(
  jsm: JetStreamManager,
  system: SystemAccount,
  topic: string,
): Promise<{ readonly version: string; readonly config: Record<string, unknown> }> {
  return until(describeMsMax, async () => {
    const servers = await system.servers();
    const partitions = await partitionsOf(jsm, topic);
    const { config, cluster } = await jsm.streams.info(streamOf(topic, 0));
    const expected = 1 + (cluster?.replicas?.length ?? 0);
    if (servers.length < expected) throw new Error('not every server has said how it runs');
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
  });
}
