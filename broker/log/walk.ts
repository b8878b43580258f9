import type { DiskFile } from '../env/disk.ts';
import { batchHeaderBytes, headerIntact } from '../protocol/batch.ts';

export interface Walked {
  /** Behind the last batch that was visited, or where the visitor stopped. */
  readonly position: number;
  /** What is wrong at `position`, in words; undefined when the walk ended well. */
  readonly problem: string | undefined;
}

/**
 * Visits the batches of a segment file between two positions, in pieces of about `pieceBytes`.
 * Each header is checked against its CRC before its length is believed; bodies are the visitor's
 * to check. The visitor may keep the batch. It returns false to stop before it, or what is wrong.
 */
export async function walkBatches(
  file: DiskFile,
  range: { readonly from: number; readonly to: number; readonly pieceBytes: number },
  visit: (batch: Buffer, position: number) => boolean | string,
): Promise<Walked> {
  const pieceBytes = Math.max(range.pieceBytes, batchHeaderBytes);
  let position = range.from;
  let wanted = pieceBytes;
  while (position < range.to) {
    const asked = Math.min(wanted, range.to - position);
    const piece = await file.read(position, asked);
    let at = 0;
    let needed = batchHeaderBytes;
    while (piece.length - at >= batchHeaderBytes) {
      const rest = piece.subarray(at);
      needed = rest.readUInt32LE(0);
      if (needed < batchHeaderBytes || !headerIntact(rest)) {
        return { position: position + at, problem: 'the header of a batch is damaged' };
      }
      if (needed > rest.length) break;
      const answer = visit(rest.subarray(0, needed), position + at);
      if (answer !== true) {
        return { position: position + at, problem: answer === false ? undefined : answer };
      }
      at += needed;
      needed = batchHeaderBytes;
    }
    position += at;
    const cutOff = piece.length < asked || needed > range.to - position;
    if (cutOff && position < range.to) return { position, problem: 'a batch is cut off' };
    wanted = Math.max(pieceBytes, needed);
  }
  return { position, problem: undefined };
}
