import { NodeConnection, realEnv } from '../../broker/index.ts';

export interface Ping {
  /** The node's own word on who coordinates; 0 while it does not know. */
  readonly coordinator: number;
}

// Its disk is not used.
const env = realEnv('.');

/**
 * A fresh connection, greeted and asked: a paused process still gets its connections accepted by
 * the kernel, so that only an answer counts. Undefined when there is none in time.
 */
export async function ping(address: string, timeoutMs: number): Promise<Ping | undefined> {
  let connection: NodeConnection | undefined;
  try {
    connection = await NodeConnection.open({
      network: env.network,
      clock: env.clock,
      address,
      clientName: 'ackworth-ping',
      token: '',
      timeoutMs,
    });
    const { coordinator } = await connection.call('metadata', { topics: [] }, timeoutMs);
    return { coordinator };
  } catch {
    return undefined;
  } finally {
    connection?.close();
  }
}
