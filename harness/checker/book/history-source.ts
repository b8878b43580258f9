import type { HistoryHeader } from '../../history/events.ts';
import type { HistoryVisitor } from '../../history/visitor.ts';

/** A history as the judge wants it: files that can be read again. */
export interface HistorySource {
  readonly files: readonly HistoryFile[];
  /** Workers of the plan that left no file, such as "producer-1". */
  readonly missing: readonly string[];
}

export interface HistoryFile {
  readonly header: HistoryHeader;
  /**
   * Reads from front to back; events that the visitor leaves out are skipped. False when the file
   * was not closed in good order: then its end may be missing.
   */
  read(visitor: HistoryVisitor): boolean;
}
