import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** An invoke is in the history before its bytes can reach the broker, however its worker
 * died. So the history knows every message that can exist.
 *
 * **Guarantee.** Whatever is read or delivered was sent in this run.
 *
 * **Anomalies.** `never-sent`: an intact payload whose producer and sequence nobody invoked.
 * `foreign`: an intact payload of another run: the broker kept or mixed up topics. Each message is
 * counted once, wherever it shows up.
 */
export const neverSent: Checker = {
  name: 'never-sent',
  description: 'nothing is read or delivered that was not sent in this run',
  misledBy: ['producer'],
  notApplicable: () => undefined,
  watch(book) {
    const forbidden = new Tally();
    const known = new Set<string>();
    let looked = 0;
    const look = (event: Sighting, id: number, where: () => string): void => {
      looked++;
      if (id >= 0 || !event.intact) return;
      const kind = event.foreign ? 'foreign' : 'never-sent';
      const name = `${kind} ${event.producer}/${event.sequence}`;
      if (known.has(name)) return;
      known.add(name);
      forbidden.add(
        kind,
        () => `producer ${event.producer} sequence ${event.sequence}, ${where()}`,
      );
    };
    return {
      read(event, id) {
        look(
          event,
          id,
          () => `read ${nodeInWords(event.node)} at p${event.partition}@${event.offset}`,
        );
      },
      delivery(event, id) {
        look(
          event,
          id,
          () => `given to consumer ${event.consumer} at p${event.partition}@${event.offset}`,
        );
      },
      finish: () => ({
        forbidden,
        allowed: new Tally(),
        doubts: looked === 0 ? ['nothing was read or delivered'] : [],
        evidence:
          `${counted(looked - book.deliveries, 'record')} read and ${count(book.deliveries)} delivered: ` +
          `${count(forbidden.count())} nobody sent`,
      }),
    };
  },
};

interface Sighting {
  readonly producer: number;
  readonly sequence: number;
  readonly intact: boolean;
  readonly foreign: boolean;
}

function nodeInWords(node: number): string {
  return node === 0 ? 'through the leaders' : `on node ${node}`;
}
