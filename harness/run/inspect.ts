import type { Session } from '../driver/driver.ts';
import type { Inspection } from '../fault/fault.ts';
import { readCopy } from './read-copy.ts';

export interface InspectorOptions {
  readonly session: Pick<Session, 'readAll'>;
  readonly run: string;
  readonly historyDirectory: string;
  readonly partitions: number;
}

/** A copy that hands out nothing for so long refuses to. */
const patienceMs = 2_000;

/**
 * What reads nodes' own copies while a run goes on, each time into a history file of its own,
 * `inspector-<node>.<count>`. A node that is said to hold no partition at all has handed out
 * nothing; one that holds only some of them need not hand out the others.
 */
export function inspector(options: InspectorOptions): (node: number) => Promise<Inspection> {
  let count = 0;
  return async (node) => {
    const worker = `inspector-${node}.${++count}`;
    const copy = { ...options, worker, role: 'inspector', node, patienceMs } as const;
    const { records, damaged, reason, ends } = await readCopy(copy);
    const hasCopy = ends.some(({ endOffset }) => endOffset >= 0);
    const why = reason === '' && !hasCopy ? `node ${node} holds no copy of the topic` : reason;
    return { records, damaged, complete: why === '', reason: why };
  };
}
