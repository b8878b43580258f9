import { HarnessError } from '../errors.ts';
import type { Circumstances } from '../checker/book/circumstances.ts';
import type { HistoryFile, HistorySource } from '../checker/book/history-source.ts';
import type { Capabilities } from '../driver/driver.ts';
import { historyFiles, readHistory, readHistoryHeader } from '../history/reader.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { judgeHistory } from './judge-history.ts';
import type { Judgement, Measured } from './judgement.ts';

export interface JudgeOptions {
  /** The run's folder of history files. */
  readonly directory: string;
  readonly plan: Plan;
  /** Of the driver that the run was made with. */
  readonly capabilities: Capabilities;
  /** What the measurements of the same history say. */
  readonly measured: Measured;
  /** What faults put at risk, by their ids, where it was measured. */
  readonly exposures?: Circumstances['exposures'];
  /** Of times that were carried over from another clock, where that is known. */
  readonly clockBoundMs?: Circumstances['clockBoundMs'];
}

/**
 * Judges a run by its history files, of which a torn last frame is dropped. Throws `HarnessError`
 * 'history' when the directory has none, or one of them is damaged elsewhere.
 */
export async function judge(options: JudgeOptions): Promise<Judgement> {
  const { directory, plan, capabilities, measured, exposures = new Map() } = options;
  const { clockBoundMs = null } = options;
  const circumstances = { plan, capabilities, exposures, clockBoundMs };
  return judgeHistory(openHistory(directory, plan), circumstances, measured);
}

/** A file whose worker was killed before it wrote its header holds nothing, and is left out. */
export function openHistory(directory: string, plan: Plan): HistorySource {
  const files = historyFiles(directory);
  if (files.length === 0)
    throw new HarnessError('history', `there is no history file in ${directory}`);
  const found = files.flatMap((file): HistoryFile[] => {
    const header = readHistoryHeader(file);
    return header === null
      ? []
      : [{ header, read: (visitor) => readHistory(file, visitor).closed }];
  });
  const planned = [
    ...plan.producers.map(({ worker }) => `producer-${worker}`),
    ...plan.consumers.map(({ worker }) => `consumer-${worker}`),
  ];
  const missing = planned.filter((worker) => !found.some(({ header }) => header.worker === worker));
  return { files: found, missing };
}
