import type { HistoryHeader } from '../../history/events.ts';
import type { Book } from './book.ts';

/** Of a file that was read: who wrote it, and whether it was closed in good order. */
export interface ReadFile {
  readonly header: HistoryHeader;
  readonly closed: boolean;
}

/**
 * Notes what the history lacks and no fault explains. A worker that a fault was aimed at may have
 * been killed, and what it had told the broker is in its file all the same; when the harness's own
 * file was not closed, the harness was killed and every worker with it. Any other file that was not
 * closed has lost its end since.
 */
export function noteGaps(book: Book, files: readonly ReadFile[], missing: readonly string[]): void {
  const cut = files.filter(({ closed }) => !closed).map(({ header }) => header);
  if (cut.some(({ role }) => role === 'harness')) {
    book.noteDamage('the history of the harness was not closed: it was killed, or its end is lost');
    return;
  }
  for (const { worker, role } of cut) {
    if (!wasAimedAt(book, worker))
      book.noteGap(role, `the end of the history of ${worker} is missing`);
  }
  for (const worker of missing) book.noteGap(roleOf(worker), `the history of ${worker} is missing`);
}

function wasAimedAt({ timeline }: Book, worker: string): boolean {
  const [life] = worker.replace('-', ' ').split('.');
  return timeline.injections.some(({ victims }) => victims.includes(life!));
}

function roleOf(worker: string): HistoryHeader['role'] {
  return worker.startsWith('producer') ? 'producer' : 'consumer';
}
