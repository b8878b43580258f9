import type { HistoryEvent, HistoryHeader } from '../../history/events.ts';
import { dispatch } from '../../history/visitor.ts';
import type { HistoryVisitor } from '../../history/visitor.ts';
import type { HistoryFile, HistorySource } from '../book/history-source.ts';

/** A history in memory. Like the reader of files, it fills one object anew for each event. */
export class MemoryHistory implements HistorySource {
  readonly #files = new Map<string, MemoryFile>();

  readonly missing: string[] = [];

  get files(): readonly MemoryFile[] {
    return [...this.#files.values()];
  }

  file(header: HistoryHeader): MemoryFile {
    let file = this.#files.get(header.worker);
    if (file === undefined) this.#files.set(header.worker, (file = new MemoryFile(header)));
    return file;
  }
}

export class MemoryFile implements HistoryFile {
  header: HistoryHeader;
  readonly events: HistoryEvent[] = [];
  closed = true;

  constructor(header: HistoryHeader) {
    this.header = header;
  }

  read(visitor: HistoryVisitor): boolean {
    const kept = new Map<string, HistoryEvent>();
    for (const event of this.events) {
      let reused = kept.get(event.type);
      if (reused === undefined) kept.set(event.type, (reused = { ...event }));
      for (const key of Object.keys(reused))
        if (!Object.hasOwn(event, key)) Reflect.deleteProperty(reused, key);
      Object.assign(reused, event);
      hand(reused, visitor);
    }
    return this.closed;
  }
}

function hand(event: HistoryEvent, visitor: HistoryVisitor): void {
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
