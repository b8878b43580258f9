import type { HistoryHeader } from '../../history/events.ts';
import type { HistoryVisitor } from '../../history/visitor.ts';

/** A history as the judge wants it: files that can be read again. */
export interface HistorySource {
  readonly files: readonly HistoryFile[];
}

export interface HistoryFile {
  readonly header: HistoryHeader;
  /** Reads from front to back; events that the visitor leaves out are skipped. */
  read(visitor: HistoryVisitor): void;
}
