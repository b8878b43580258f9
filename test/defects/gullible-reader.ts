import type { DiskFile } from '../../broker/env/disk.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { PassingDisk } from './passing-disk.ts';
import { TrustingFile } from './trusting-file.ts';

/**
 * A reader that skips a bad checksum, on a disk that is as good as any: only a disk that rots shows
 * it, and only on the node whose disk it is: `checksum`.
 */
class GullibleDisk extends PassingDisk {
  protected override around(file: DiskFile, path: string): DiskFile {
    return path.endsWith('.log') ? new TrustingFile(file) : file;
  }
}

await runNode(process.argv.slice(2), { disk: (disk) => new GullibleDisk(disk) });
