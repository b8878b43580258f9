import { Log } from '../../broker/log/log.ts';
import { assignBatch, readBatchHeader } from '../../broker/protocol/batch.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { batchesOf } from './batches.ts';

/**
 * Reorder on fetch: of what is read from the log, the first two batches change places and take each
 * other's offsets, so that no reader can put them right: `reordered`.
 */
await runNode(process.argv.slice(2), {
  openLog: async (options) => {
    const log = await Log.open(options);
    const read = log.readRecords.bind(log);
    log.readRecords = (wanted) => {
      const found = read(wanted);
      return found instanceof Promise ? found.then(swapped) : swapped(found);
    };
    return log;
  },
});

function swapped(records: Buffer): Buffer {
  // Copies: the log serves slices of its own memory.
  const [first, second, ...rest] = batchesOf(Buffer.from(records));
  if (first === undefined || second === undefined) return records;
  const { baseOffset, term, index } = readBatchHeader(first);
  const behind = readBatchHeader(second);
  assignBatch(second, { baseOffset, term, index });
  const offset = baseOffset + behind.recordCount;
  assignBatch(first, { baseOffset: offset, term: behind.term, index: behind.index });
  return Buffer.concat([second, first, ...rest]);
}
