import { historyFiles, readHistory } from '../../harness/history/reader.ts';
import { judge } from '../../harness/judge/judge.ts';
import { planOf } from './checker-history.ts';

/** What one judging process tells its parent, as one line of JSON. */
export interface Judged {
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly acked: number;
  readonly judgeSeconds: number;
  /** The same files, read and verified, and nothing else. */
  readonly readSeconds: number;
  /** The most that the process ever held. */
  readonly peakMegabytes: number;
}

const [directory, messages, denseOffsets] = process.argv.slice(2);
if (directory === undefined || messages === undefined)
  throw new Error('usage: checker-child DIRECTORY MESSAGES DENSE');

const began = performance.now();
for (const file of historyFiles(directory)) readHistory(file, {});
const readDone = performance.now();
const { verdict, reasons, accounting } = await judge({
  directory,
  plan: planOf(Number(messages)),
  capabilities: {
    positions: true,
    denseOffsets: denseOffsets === 'true',
    orderScope: 'key',
    retriesKeepOrder: true,
    replayable: true,
    competingConsumers: false,
    groups: true,
    readEachReplica: false,
    idempotence: true,
  },
  measured: {
    doubts: [],
    responseP99Ms: null,
    due: { due: 0, acked: 0, failed: 0 },
    endToEndP99Ms: null,
    ackedPerSecond: null,
  },
});
const judged: Judged = {
  verdict,
  reasons,
  acked: accounting.acked,
  judgeSeconds: (performance.now() - readDone) / 1000,
  readSeconds: (readDone - began) / 1000,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(judged)}\n`);
