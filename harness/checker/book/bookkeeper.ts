import type { HistoryHeader } from '../../history/events.ts';
import type { HistoryVisitor } from '../../history/visitor.ts';
import { workerNumber } from '../../history/worker-name.ts';
import type { Book } from './book.ts';
import type { Checker, Watch } from '../watch.ts';
import { noteGaps } from './gaps.ts';
import type { ReadFile } from './gaps.ts';
import type { HistoryFile, HistorySource } from './history-source.ts';
import { LogCopies, stranger } from './log-copy.ts';
import { completed, Mark } from './messages.ts';

/** A checker at work; `failed` once it threw, and then it is left alone. */
export interface Watcher {
  readonly checker: Checker;
  readonly watch: Watch;
  failed: Error | undefined;
}

type Hook = Exclude<keyof Watch, 'finish'>;

/**
 * Leads the history past the book and the checkers, once: faults first, so that times can be told
 * apart by them; then producers, so that every message is known; then the final read, so that the
 * log is known; then what inspections found and consumers were given.
 */
export function keepBook(source: HistorySource, book: Book, watchers: readonly Watcher[]): void {
  const hooks = new Hooks(watchers);
  const files: ReadFile[] = [];
  const read = (file: HistoryFile, visitor: HistoryVisitor): void =>
    void files.push({ header: file.header, closed: file.read(visitor) });
  for (const file of source.files) book.header(file.header);
  const inRole = (...roles: HistoryHeader['role'][]): HistoryFile[] =>
    source.files.filter(({ header }) => roles.includes(header.role));
  for (const file of inRole('harness')) {
    file.read({
      phase: (event) => book.timeline.phase(event),
      fault: (event) => book.timeline.fault(event),
    });
  }
  for (const file of inRole('producer')) {
    hooks.header(file.header);
    read(file, producerVisitor(book, hooks, workerNumber(file.header.worker, 'producer') ?? 0));
  }
  for (const file of inRole('harness', 'reader')) {
    hooks.header(file.header);
    read(file, readerVisitor(book, hooks));
  }
  for (const file of inRole('inspector')) {
    hooks.header(file.header);
    const copies = new LogCopies(book.messages);
    read(file, inspectorVisitor(book, hooks, copies));
    for (const node of copies.nodes()) book.inspections.push(...copies.copiesOf(node));
  }
  for (const file of inRole('consumer')) {
    hooks.header(file.header);
    read(file, consumerVisitor(book, hooks, file.header));
  }
  noteGaps(book, files, source.missing);
  book.close();
  if (book.loss.isEmpty) return;
  for (const file of inRole('producer')) file.read(book.loss.visitor());
}

function producerVisitor(book: Book, hooks: Hooks, worker: number): HistoryVisitor {
  const { messages } = book;
  const timed = book.timeline.injections.length > 0;
  return {
    invoke(event) {
      const id = messages.add(event.producer, event.sequence, event.key);
      if (id < 0) {
        book.noteDamage(
          `producer ${event.producer} skips to or repeats sequence ${event.sequence}`,
        );
        return;
      }
      if (event.sequence === 0) book.workers.set(event.producer, worker);
      if (timed) book.inFlight.begin(id, event.time);
      hooks.invoke(event, id);
    },
    complete(event) {
      const id = messages.find(event.producer, event.sequence);
      if (id < 0 || (messages.marks(id) & completed) !== 0) {
        const what = id < 0 ? 'completes without an invoke' : 'completes twice';
        book.noteDamage(`producer ${event.producer} sequence ${event.sequence} ${what}`);
        return;
      }
      hooks.complete(event, id, timed ? book.inFlight.end(id) : Number.NaN);
      let marks: number = event.attempts === 1 ? Mark.onceTried : 0;
      marks |= Mark[event.outcome];
      if (event.outcome === 'ok' && event.partition >= 0 && event.offset >= 0) {
        marks |= Mark.ackedThere;
        messages.place(id, event.partition, event.offset);
      }
      messages.mark(id, marks);
    },
  };
}

function readerVisitor(book: Book, hooks: Hooks): HistoryVisitor {
  const { messages, copies } = book;
  return {
    read(event) {
      const ours = event.intact && !event.foreign;
      const id = ours ? messages.find(event.producer, event.sequence) : -1;
      hooks.read(event, id);
      if (
        id >= 0 &&
        event.node === 0 &&
        event.partition >= 0 &&
        event.offset >= 0 &&
        messages.partition(id) < 0
      ) {
        messages.place(id, event.partition, event.offset);
      }
      copies.append(event, id < 0 ? stranger : id);
    },
    readEnd: (event) => copies.end(event),
  };
}

/** What a node handed out of its copy in the middle of a run says nothing of what is in the end. */
function inspectorVisitor(book: Book, hooks: Hooks, copies: LogCopies): HistoryVisitor {
  return {
    read(event) {
      const ours = event.intact && !event.foreign;
      const id = ours ? book.messages.find(event.producer, event.sequence) : -1;
      hooks.read(event, id);
      copies.append(event, id < 0 ? stranger : id);
    },
    readEnd: (event) => copies.end(event),
  };
}

function consumerVisitor(book: Book, hooks: Hooks, header: HistoryHeader): HistoryVisitor {
  const { messages } = book;
  const group = book.groupOf(header);
  if (group < 0) {
    book.noteDamage(`${header.worker} is no consumer of the plan`);
    return {};
  }
  return {
    delivery(event) {
      const ours = event.intact && !event.foreign;
      const id = ours ? messages.find(event.producer, event.sequence) : -1;
      hooks.delivery(event, id);
      book.deliveries++;
      if (id >= 0) book.deliver(id, group, event);
    },
    position: (event) => hooks.position(event),
    note: (event) => {
      if (event.isGround) book.noteGround(event);
    },
  };
}

type Call<Name extends Hook> = NonNullable<Watch[Name]>;

/** Hands events to the checkers that asked for them; one that throws is dropped, the rest go on. */
class Hooks {
  readonly header: Call<'header'>;
  readonly invoke: Call<'invoke'>;
  readonly complete: Call<'complete'>;
  readonly read: Call<'read'>;
  readonly delivery: Call<'delivery'>;
  readonly position: Call<'position'>;

  constructor(watchers: readonly Watcher[]) {
    this.header = fanOut(watchers, 'header');
    this.invoke = fanOut(watchers, 'invoke');
    this.complete = fanOut(watchers, 'complete');
    this.read = fanOut(watchers, 'read');
    this.delivery = fanOut(watchers, 'delivery');
    this.position = fanOut(watchers, 'position');
  }
}

function fanOut(
  watchers: readonly Watcher[],
  hook: Hook,
): (event: never, id?: number, invokedAt?: number) => void {
  const asked = watchers.filter(({ watch }) => watch[hook] !== undefined);
  return (event, id = -1, invokedAt = Number.NaN) => {
    for (let index = 0; index < asked.length; index++) {
      const watcher = asked[index]!;
      if (watcher.failed !== undefined) continue;
      try {
        watcher.watch[hook]!(event, id, invokedAt);
      } catch (error) {
        watcher.failed = error instanceof Error ? error : new Error(String(error));
      }
    }
  };
}
