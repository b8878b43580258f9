import { closeSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Keeps what a child prints line by line, and tells of its first line. Closes the file at the end. */
export function keepOutput(
  output: Readable,
  log: number,
  onFirstLine: (line: string) => void,
): void {
  let lines = 0;
  const reader = createInterface({ input: output, crlfDelay: Infinity });
  reader.on('line', (line) => {
    keep(log, `${line}\n`);
    if (lines++ === 0) onFirstLine(line);
  });
  reader.on('close', () => closeSync(log));
}

export function keep(log: number, text: string | Uint8Array): void {
  try {
    if (typeof text === 'string') writeSync(log, text);
    else writeSync(log, text);
  } catch {
    // A full disk costs the child's words, not the child.
  }
}
