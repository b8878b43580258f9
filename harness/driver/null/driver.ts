import { HarnessError } from '../../errors.ts';
import type {
  Done,
  Driver,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Session,
} from '../driver.ts';

/** The timers that acks come by; the load's own clock fits. */
export interface NullTimers {
  nanos(): number;
  wake(atNanos: number, fire: () => void): void;
  defer(fire: () => void): void;
}

export interface NullOptions {
  readonly timers: NullTimers;
  /** From send to ack; 0 = in the next turn. */
  readonly serviceMs: number;
  /** No ack leaves between these times since the first send; what was due then leaves at its end. */
  readonly stall?: { readonly atMs: number; readonly forMs: number };
}

const systemTimers: NullTimers = {
  nanos: () => Number(process.hrtime.bigint()),
  wake: (atNanos, fire) =>
    void setTimeout(fire, Math.max(0, (atNanos - Number(process.hrtime.bigint())) / 1e6)),
  defer: (fire) => void setImmediate(fire),
};

/**
 * A broker that acks everything and keeps nothing: what remains is the harness itself, its highest
 * rate and its lowest latency on this machine. It can do nothing that a checker asks for.
 */
export function nullDriver(options: NullOptions = { timers: systemTimers, serviceMs: 0 }): Driver {
  return {
    name: 'null',
    capabilities: {
      positions: false,
      denseOffsets: false,
      orderScope: 'none',
      retriesKeepOrder: false,
      replayable: false,
      competingConsumers: false,
      groups: false,
      readEachReplica: false,
      idempotence: false,
    },
    connect: async () => sessionOf(options),
  };
}

function sessionOf(options: NullOptions): Session {
  return {
    createTopic: async () => undefined,
    describe: async () => ({ version: '1', config: {} }),
    createProducer: async (producer) => new NullProducer(producer, options),
    createConsumer: async () => ({
      ack: () => undefined,
      nack: () => undefined,
      close: async () => undefined,
    }),
    readAll: async () => {
      throw new HarnessError('usage', 'the null driver keeps nothing that could be read');
    },
    roles: async () => ({ leaders: [], coordinator: 0 }),
    close: async () => undefined,
  };
}

class NullProducer implements Producer {
  readonly #options: ProducerOptions;
  readonly #null: NullOptions;
  #waiting: Done[] = [];
  #spare: Done[] = [];
  #inFlight = 0;
  #refused = false;
  #scheduled = false;
  #firstSend: number | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: ProducerOptions, nullOptions: NullOptions) {
    this.#options = options;
    this.#null = nullOptions;
  }

  send(_message: OutgoingMessage, done: Done): boolean {
    if (this.#inFlight >= this.#options.inFlightMax) {
      this.#refused = true;
      return false;
    }
    this.#inFlight++;
    const at = this.#ackAt();
    if (at !== undefined) this.#null.timers.wake(at, () => this.#finish(done));
    else {
      this.#waiting.push(done);
      if (!this.#scheduled) {
        this.#scheduled = true;
        this.#null.timers.defer(this.#ackAll);
      }
    }
    return true;
  }

  close(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** When the ack is due; undefined for the next turn. */
  #ackAt(): number | undefined {
    const { serviceMs, stall, timers } = this.#null;
    if (serviceMs === 0 && stall === undefined) return undefined;
    const now = timers.nanos();
    this.#firstSend ??= now;
    const at = now + serviceMs * 1e6;
    const stallStart = this.#firstSend + (stall?.atMs ?? Infinity) * 1e6;
    const stallEnd = stallStart + (stall?.forMs ?? 0) * 1e6;
    return at >= stallStart && at < stallEnd ? stallEnd : at;
  }

  readonly #ackAll = (): void => {
    const due = this.#waiting;
    this.#waiting = this.#spare;
    this.#spare = due;
    this.#scheduled = false;
    for (const done of due) this.#finish(done);
    due.length = 0;
  };

  #finish(done: Done): void {
    this.#inFlight--;
    done('ok', -1, -1, 1, undefined);
    if (this.#refused) {
      this.#refused = false;
      this.#options.onDrain();
    }
    if (this.#inFlight === 0) this.#onEmpty?.();
  }
}
