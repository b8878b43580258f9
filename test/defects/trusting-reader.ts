import type { DiskFile } from '../../broker/env/disk.ts';
import { BatchKind } from '../../broker/protocol/batch.ts';
import { readU64 } from '../../broker/protocol/integers.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { PassingDisk, PassingFile } from './passing-disk.ts';
import { TrustingFile, wholeBatches } from './trusting-file.ts';

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

await runNode(process.argv.slice(2), { disk: (disk) => new TrustingDisk(disk) });
