import { Log } from '../../broker/log/log.ts';
import { readBatchHeader } from '../../broker/protocol/batch.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { batchesOf } from './batches.ts';

/**
 * A batch is silently dropped at segment roll: the first batch of each segment but the first is
 * never read again by anybody: `lost-middle`.
 */
await runNode(process.argv.slice(2), {
  openLog: async (options) => {
    const log = await Log.open(options);
    const rolledAt = new Set<number>();
    const append = log.append.bind(log);
    let bytes = 0;
    let rolled = false;
    log.append = (entries) => {
      for (const entry of entries) {
        if (rolled) rolledAt.add(entry.index);
        bytes += entry.bytes.length;
        rolled = bytes >= options.segmentBytes;
        if (rolled) bytes = 0;
      }
      append(entries);
    };
    const read = log.readRecords.bind(log);
    const withoutFirsts = (records: Buffer): Buffer =>
      Buffer.concat(
        batchesOf(records).filter((batch) => !rolledAt.has(readBatchHeader(batch).index)),
      );
    log.readRecords = (wanted) => {
      const found = read(wanted);
      return found instanceof Promise ? found.then(withoutFirsts) : withoutFirsts(found);
    };
    return log;
  },
});
