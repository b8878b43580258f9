import { NodeConnection, realEnv } from '../../../broker/index.ts';
import type { AskOptions, NodeAnswer } from '../../cluster/node-program.ts';

// Its disk is not used.
const env = realEnv('.');

/** A fresh connection, greeted and asked; the token is not needed for that. */
export async function askNode(
  address: string,
  { timeoutMs }: AskOptions,
): Promise<NodeAnswer | undefined> {
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
