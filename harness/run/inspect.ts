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
 * `inspector-<node>.<count>`.
 */
export function inspector(options: InspectorOptions): (node: number) => Promise<Inspection> {
  let count = 0;
  return async (node) => {
    const worker = `inspector-${node}.${++count}`;
    const copy = { ...options, worker, role: 'inspector', node, patienceMs } as const;
    const { records, damaged, reason } = await readCopy(copy);
    return { records, damaged, complete: reason === '', reason };
  };
}
