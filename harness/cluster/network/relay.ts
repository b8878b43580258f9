import type { Socket } from 'node:net';
import type { Link } from '../links.ts';
import { Lane } from './lane.ts';
import type { LinkState } from './link-rules.ts';

export interface RelayOptions {
  /** From who dialled to who was dialled. */
  readonly forward: Link;
  readonly near: Socket;
  /** The far side, or how to dial it; that is not done before a byte may go that way. */
  readonly far: Socket | (() => Socket);
  readonly stateOf: (link: Link) => LinkState;
  readonly onForwarded: (link: Link, bytes: number) => void;
  readonly onClosed: (relay: Relay) => void;
}

/**
 * One connection through a proxy: the side that dialled, the side that was dialled, and a lane for
 * each way between them. While the way forward is cut nobody is dialled, so that the far side does
 * not learn of the attempt.
 */
export class Relay {
  readonly forward: Link;
  readonly backward: Link;
  readonly #options: RelayOptions;
  #far: Socket | undefined;
  #lanes: readonly Lane[] = [];
  #open = 1;
  #resetWhenUncut = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.forward = options.forward;
    this.backward = { from: options.forward.to, to: options.forward.from };
    // Read by its lane alone, once there is one.
    options.near.pause();
    this.#watch(options.near);
    if (typeof options.far !== 'function') this.#connect(options.far);
    this.update();
  }

  /** The rules have changed. */
  update(): void {
    const { stateOf, near, far } = this.#options;
    const cut = stateOf(this.forward).cut;
    if (this.#resetWhenUncut && !cut && !stateOf(this.backward).cut) return this.reset();
    if (typeof far === 'function' && this.#far === undefined && !cut && !near.destroyed)
      this.#connect(far());
    for (const lane of this.#lanes) lane.update();
  }

  /** A cut that this connection was under is lifted. */
  healed(): void {
    this.#resetWhenUncut = true;
  }

  /** RST to both sides. */
  reset(): void {
    for (const lane of this.#lanes) lane.close();
    this.#options.near.resetAndDestroy();
    // A socket that is still connecting has nobody to reset.
    if (this.#far?.connecting === true) this.#far.destroy();
    else this.#far?.resetAndDestroy();
  }

  #connect(far: Socket): void {
    const { near, stateOf, onForwarded } = this.#options;
    this.#far = far;
    this.#open++;
    this.#watch(far);
    const lane = (link: Link, source: Socket, sink: Socket): Lane =>
      new Lane({
        source,
        sink,
        state: () => stateOf(link),
        onForwarded: (bytes) => onForwarded(link, bytes),
      });
    this.#lanes = [lane(this.forward, near, far), lane(this.backward, far, near)];
  }

  #watch(socket: Socket): void {
    socket.setNoDelay(true);
    // Whatever ended it, what the other side is told of it is its lane's business.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open--;
      const left = this.#far === undefined ? 0 : this.#open;
      if (left > 0) return;
      for (const lane of this.#lanes) lane.close();
      this.#options.onClosed(this);
    });
  }
}
