import { connect, type NatsConnection } from '@nats-io/transport-node';
import { HarnessError } from '../../errors.ts';
import type { Target } from '../driver.ts';

/**
 * A connection to whichever node takes it, and to another one when that is lost. Only the addresses
 * of the target are dialled: nodes may know each other by other ones. A silent node counts as lost
 * after about three seconds, since a paused one keeps its connections.
 */
export function openConnection(
  { addresses, token }: Target,
  user: string,
): Promise<NatsConnection> {
  return connect({
    servers: [...addresses],
    user,
    pass: token,
    name: 'ackworth',
    timeout: 2000,
    ignoreClusterUpdates: true,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 50,
    pingInterval: 1000,
    maxPingOut: 2,
  });
}

/**
 * Tells of a connection that its client has closed for good, as it does when two logins in its life
 * were refused, or came too late. One that is closed on purpose is not told of.
 */
export function watchForEnd(
  nc: Pick<NatsConnection, 'closed'>,
  onFailed: (error: Error) => void,
): void {
  void nc.closed().then((cause) => {
    if (!(cause instanceof Error)) return;
    const sentence = `the NATS client has closed its connection for good: ${cause.message}`;
    onFailed(new HarnessError('worker', sentence, { cause }));
  });
}
