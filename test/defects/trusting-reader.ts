import type { DiskFile } from '../../broker/env/disk.ts';
import { segmentHeaderBytes } from '../../broker/log/segment-format.ts';
import {
  batchHeaderBytes,
  BatchKind,
  bodyIntact,
  headerIntact,
  readU64,
  sealBatch,
} from '../../broker/protocol/batch.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { PassingDisk, PassingFile } from './passing-disk.ts';

const rottenEvery = 97;

/**
 * A reader that skips a bad checksum: what comes off the disk is given the checksum that it should
 * have had, and nobody behind it can tell. The disk below it has rotted: of every 97th batch of
 * records one bit is not what was written. A node that was restarted hands it out: `checksum`.
 */
class TrustingDisk extends PassingDisk {
  protected override around(file: DiskFile, path: string): DiskFile {
    return path.endsWith('.log') ? new TrustingFile(new RottenFile(file)) : file;
  }
}

class TrustingFile extends PassingFile {
  override async read(position: number, length: number): Promise<Buffer> {
    const bytes = await super.read(position, length);
    for (const batch of wholeBatches(position, bytes)) if (!bodyIntact(batch)) sealBatch(batch);
    return bytes;
  }
}

class RottenFile extends PassingFile {
  override async read(position: number, length: number): Promise<Buffer> {
    const bytes = await super.read(position, length);
    for (const batch of wholeBatches(position, bytes)) {
      const hit = batch[37] === BatchKind.records && readU64(batch, 24) % rottenEvery === 0;
      if (hit) batch[batch.length - 1]! ^= 1;
    }
    return bytes;
  }
}

/** The log reads from the beginning of a batch, or of a segment, which has a header. */
function* wholeBatches(position: number, bytes: Buffer): Generator<Buffer> {
  let at = position === 0 ? segmentHeaderBytes : 0;
  while (bytes.length - at >= batchHeaderBytes) {
    const rest = bytes.subarray(at);
    const length = rest.readUInt32LE(0);
    if (length < batchHeaderBytes || length > rest.length || !headerIntact(rest)) return;
    yield rest.subarray(0, length);
    at += length;
  }
}

await runNode(process.argv.slice(2), { disk: (disk) => new TrustingDisk(disk) });
