import type { Clock } from '../env/clock.ts';
import type { Connection, Listener as Socket, Network } from '../env/network.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';
import type { NodeLimits } from './node-options.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session.ts';

export interface ListenerOptions {
  readonly clock: Clock;
  readonly limits: NodeLimits;
  readonly budget: MemoryBudget;
  readonly metrics: Metrics;
  readonly beforeRead: () => void;
  readonly onFrame: SessionHost['onFrame'];
}

/**
 * Accepts connections and keeps their number within the limit. What the sessions answer during a
 * turn of the event loop goes out at its end, one write for each connection.
 */
export class Listener implements SessionHost {
  readonly limits: NodeLimits;
  readonly budget: MemoryBudget;
  readonly metrics: Metrics;
  readonly beforeRead: () => void;
  readonly onFrame: SessionHost['onFrame'];
  readonly #clock: Clock;
  readonly #sessions = new Set<Session>();
  #dirty: Session[] = [];
  #flushDue = false;
  #socket: Socket | undefined;

  constructor(options: ListenerOptions) {
    this.#clock = options.clock;
    this.limits = options.limits;
    this.budget = options.budget;
    this.metrics = options.metrics;
    this.beforeRead = options.beforeRead;
    this.onFrame = options.onFrame;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Resolves with the address that was really bound. */
  async listen(network: Network, address: string): Promise<string> {
    this.#socket = await network.listen(address, (connection) => this.#accept(connection));
    return this.#socket.address;
  }

  onOutput(session: Session): void {
    this.#dirty.push(session);
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#clock.defer(() => {
      this.#flushDue = false;
      this.flush();
    });
  }

  /**
   * Hands over what has been answered so far. It happens at the end of the turn by itself; whoever
   * knows that it has nothing to add saves the clients a turn of waiting.
   */
  flush(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const session of dirty) session.flush();
    this.budget.retryBlocked();
  }

  onClosed(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Closes connections whose frame has begun and does not come to an end. */
  tick(elapsedMs: number): void {
    for (const session of this.#sessions) {
      if (!session.partial) continue;
      session.partialMs += elapsedMs;
      if (session.partialMs > this.limits.frameTimeoutMs) session.close();
    }
    this.budget.retryBlocked();
  }

  async close(): Promise<void> {
    this.flush();
    const closing = this.#socket?.close();
    for (const session of this.#sessions) session.close();
    await closing;
  }

  #accept(connection: Connection): void {
    this.metrics.connectionsAccepted++;
    if (this.#sessions.size >= this.limits.connectionsMax) {
      this.metrics.connectionsRefused++;
      connection.close();
      return;
    }
    this.#sessions.add(new Session(connection, this));
  }
}
