import { join } from 'node:path';
import type { FaultEvent, NoteEvent } from '../history/events.ts';
import { HistoryWriter } from '../history/writer.ts';
import { clockDomain, monotonicNanos } from '../measure/clock.ts';

/** The harness's own part of the history: each event is in the kernel before the next deed. */
export class HarnessHistory {
  readonly #writer: HistoryWriter;
  #closed = false;

  constructor(directory: string, run: string) {
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

  close(): void {
    this.#closed = true;
    this.#writer.close();
  }

  #keep(event: FaultEvent | NoteEvent | { type: 'phase'; name: string; time: number }): void {
    // Late news of a run that is over.
    if (this.#closed) return;
    this.#writer.event(event);
    this.#writer.flush();
  }
}
