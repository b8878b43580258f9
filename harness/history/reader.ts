import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { HarnessError } from '../errors.ts';
import { EntryDecoder } from './entries.ts';
import type { HistoryEvent, HistoryHeader } from './events.ts';
import { FrameKind } from './format.ts';
import { FrameSource } from './frames.ts';
import { dispatch } from './visitor.ts';
import type { HistoryVisitor } from './visitor.ts';

const extension = '.ackh';
const byNumber = new Intl.Collator('en', { numeric: true });
const roles: readonly HistoryHeader['role'][] = [
  'harness',
  'producer',
  'consumer',
  'reader',
  'inspector',
];

export interface HistoryFileSummary {
  readonly file: string;
  /** Null when the worker was killed before its header was written. */
  readonly header: HistoryHeader | null;
  /** Frames, the header among them. */
  readonly frames: number;
  /** Bytes of a cut-off last frame that were left out. */
  readonly tornBytes: number;
  /** Its writer closed it in good order, so that nothing is missing at its end. */
  readonly closed: boolean;
}

/**
 * Reads one file from front to back in constant memory. A torn last frame is left out and counted;
 * damage before it throws `HarnessError` 'history' with the file and the byte.
 */
export function readHistory(file: string, visitor: HistoryVisitor): HistoryFileSummary {
  const frames = new FrameSource(file);
  try {
    const decode = new EntryDecoder(file, visitor);
    let header: HistoryHeader | null = null;
    let count = 0;
    while (frames.next()) {
      count++;
      if (frames.kind === FrameKind.block) decode.block(frames);
      else if (frames.kind === FrameKind.event) dispatch(frames.json() as HistoryEvent, visitor);
      else {
        header = frames.json() as HistoryHeader;
        visitor.header?.(header, file);
      }
    }
    return { file, header, frames: count, tornBytes: frames.tornBytes, closed: frames.closed };
  } finally {
    frames.close();
  }
}

/**
 * The history files of a directory in the order in which a judge wants them: the harness (phases,
 * faults), producers, consumers, final reads, inspections, and by name among those.
 */
export function historyFiles(directory: string): string[] {
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith(extension));
  } catch (cause) {
    throw new HarnessError('history', `cannot read the history directory ${directory}`, { cause });
  }
  const workers = names.map((name) => name.slice(0, -extension.length));
  const ranked = workers.toSorted(byNumber.compare).map((worker) => {
    const file = join(directory, worker + extension);
    const role = readHistoryHeader(file)?.role;
    return { file, rank: role === undefined ? roles.length : roles.indexOf(role) };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ file }) => file);
}

/** Reads all files of a directory, one after the other, in the order of `historyFiles`. */
export function readHistoryDirectory(
  directory: string,
  visitor: HistoryVisitor,
): HistoryFileSummary[] {
  const files = historyFiles(directory);
  if (files.length === 0)
    throw new HarnessError('history', `there is no history file in ${directory}`);
  return files.map((file) => readHistory(file, visitor));
}

/** The header alone; null when the worker was killed before it was written. */
export function readHistoryHeader(file: string): HistoryHeader | null {
  const frames = new FrameSource(file);
  try {
    return frames.next() ? (frames.json() as HistoryHeader) : null;
  } finally {
    frames.close();
  }
}
