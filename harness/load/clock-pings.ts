import { HarnessError } from '../errors.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { ClockReading } from '../measure/clock-offset.ts';
import type { FromWorker, ToWorker } from './control.ts';

const answerMsMax = 1_000;

interface Waiting {
  readonly askedNanos: number;
  resolve(reading: ClockReading): void;
  reject(error: Error): void;
}

/** Asks a worker for its clock, over the connection that it is told everything by. */
export class ClockPings {
  readonly #send: (message: ToWorker) => void;
  readonly #waiting = new Map<number, Waiting>();
  #asks = 0;
  #closed = false;

  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
  }

  /** Rejects when there is no answer within a second, or the connection is gone. */
  read(): Promise<ClockReading> {
    const ask = ++this.#asks;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(gone());
      const late = setTimeout(() => {
        this.#waiting.delete(ask);
        const sentence = `a worker did not tell its clock within ${answerMsMax} ms`;
        reject(new HarnessError('worker', sentence));
      }, answerMsMax);
      this.#waiting.set(ask, {
        askedNanos: monotonicNanos(),
        resolve: (reading) => {
          clearTimeout(late);
          resolve(reading);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error);
        },
      });
      this.#send({ type: 'clock?', ask });
    });
  }

  answered({ ask, nanos: readNanos }: Extract<FromWorker, { type: 'clock' }>): void {
    const waiting = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    const answeredNanos = monotonicNanos();
    waiting?.resolve({ askedNanos: waiting.askedNanos, readNanos, answeredNanos });
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
  }
}

function gone(): HarnessError {
  return new HarnessError('worker', 'a worker was gone before it told its clock');
}
