import { Log } from '../../broker/log/log.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { batchesOf } from './batches.ts';

/**
 * Reorder on fetch: of what is read from the log, the first two batches come out in the wrong
 * order, each intact: `reordered`.
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
  const [first, second, ...rest] = batchesOf(records);
  return first === undefined || second === undefined
    ? records
    : Buffer.concat([second, first, ...rest]);
}
