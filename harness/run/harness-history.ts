import { join } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { FaultEvent, NoteEvent } from '../history/events.ts';
import { HistoryWriter } from '../history/writer.ts';
import { clockDomain, monotonicNanos } from '../measure/clock.ts';

/**
 * The harness's own part of the history: each event is in the kernel before the next deed. What
 * cannot be written is told once, and is no error: faults must be healed on a full disk, too.
 */
export class HarnessHistory {
  readonly #writer: HistoryWriter;
  readonly #onUnwritable: (sentence: string) => void;
  #closed = false;

  constructor(directory: string, run: string, onUnwritable: (sentence: string) => void) {
    this.#onUnwritable = onUnwritable;
    const worker = 'harness';
    const header = {
      version: 1,
      run,
      worker,
      role: worker,
      clockDomain: clockDomain(),
      numbers: [],
    } as const;
    this.#writer = new HistoryWriter(join(directory, `${worker}.ackh`), header);
  }

  phase(name: string, time = monotonicNanos()): void {
    this.#keep({ type: 'phase', name, time });
  }

  fault(event: FaultEvent): void {
    this.#keep(event);
  }

  note(source: string, text: string): void {
    this.#keep({ type: 'note', source, text, time: monotonicNanos() });
  }

  /** Without room for its end it is judged as one that was cut short. */
  close(): void {
    this.#closed = true;
    try {
      this.#writer.close();
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
    }
  }

  #keep(event: FaultEvent | NoteEvent | { type: 'phase'; name: string; time: number }): void {
    // Late news of a run that is over.
    if (this.#closed) return;
    try {
      this.#writer.event(event);
      this.#writer.flush();
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      this.close();
      this.#onUnwritable(error.message);
    }
  }
}
