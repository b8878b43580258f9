import { EntryDecoder } from './entries.ts';
import type { HistoryEvent, HistoryHeader } from './events.ts';
import { FrameKind } from './format.ts';
import { FrameSource } from './frames.ts';
import { dispatch } from './visitor.ts';
import type { HistoryVisitor } from './visitor.ts';

/**
 * Reads several files at once, their events in order of time (a read event has none: it counts as
 * of the event before it in its file). `visitor.header` is called for all files first; `source`,
 * handed to `onSource` before each event, is the position of its file in `files`. Files must share
 * one clock domain for the order to mean anything. Memory: two megabytes per file.
 */
export function mergeHistories(
  files: readonly string[],
  visitor: HistoryVisitor,
  onSource: (source: number) => void = () => undefined,
): void {
  const cursors: Cursor[] = [];
  try {
    files.forEach((file, source) => cursors.push(new Cursor(file, source, visitor)));
    const live = cursors.filter((cursor) => cursor.advance());
    while (live.length > 0) {
      let first = 0;
      for (let n = 1; n < live.length; n++) if (live[n]!.time < live[first]!.time) first = n;
      let until = Infinity;
      for (let n = 0; n < live.length; n++)
        if (n !== first && live[n]!.time < until) until = live[n]!.time;
      const cursor = live[first]!;
      onSource(cursor.source);
      let more: boolean;
      do {
        cursor.emit(visitor);
        more = cursor.advance();
      } while (more && cursor.time <= until);
      if (!more) live.splice(first, 1);
    }
  } finally {
    for (const cursor of cursors) cursor.close();
  }
}

/** One file, an event at a time. */
class Cursor {
  readonly source: number;
  time = -Infinity;
  readonly #frames: FrameSource;
  readonly #decoder: EntryDecoder;
  #event: HistoryEvent | undefined;
  #at = 0;
  #end = 0;

  constructor(file: string, source: number, wanted: HistoryVisitor) {
    this.source = source;
    this.#frames = new FrameSource(file);
    const keep = (event: HistoryEvent): void => {
      this.#event = event;
    };
    this.#decoder = new EntryDecoder(file, {
      ...(wanted.invoke && { invoke: keep }),
      ...(wanted.complete && { complete: keep }),
      ...(wanted.delivery && { delivery: keep }),
      ...(wanted.ack && { ack: keep }),
      ...(wanted.position && { position: keep }),
      ...(wanted.read && { read: keep }),
    });
    if (this.#frames.next()) wanted.header?.(this.#frames.json() as HistoryHeader, file);
  }

  advance(): boolean {
    this.#event = undefined;
    while (this.#event === undefined) {
      if (this.#at < this.#end) {
        this.#at += this.#decoder.entry(this.#frames, this.#at);
      } else if (!this.#frames.next()) {
        return false;
      } else if (this.#frames.kind === FrameKind.block) {
        this.#at = this.#frames.start;
        this.#end = this.#frames.end;
      } else {
        this.#event = this.#frames.json() as HistoryEvent;
      }
    }
    if ('time' in this.#event) this.time = this.#event.time;
    return true;
  }

  emit(visitor: HistoryVisitor): void {
    const event = this.#event;
    if (event === undefined) return;
    switch (event.type) {
      case 'invoke':
        return visitor.invoke?.(event);
      case 'complete':
        return visitor.complete?.(event);
      case 'delivery':
        return visitor.delivery?.(event);
      case 'ack':
        return visitor.ack?.(event);
      case 'assigned':
      case 'revoked':
      case 'diverged':
        return visitor.position?.(event);
      case 'read':
        return visitor.read?.(event);
      default:
        return dispatch(event, visitor);
    }
  }

  close(): void {
    this.#frames.close();
  }
}
