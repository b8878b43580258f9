import { count } from './count.ts';
import type { RecordedFault, RunRecord } from './record.ts';

interface Loss {
  readonly messages: number;
  /** From the ack of the first of them to the fault; null = not known. */
  readonly ms: number | null;
  readonly allowed: boolean;
}

/** What a fault took: "2,467 lost as allowed, the oldest acked 13,040 ms before it". */
export function lossInWords({ messages, ms, allowed }: Loss): string {
  const lost = `${count(messages)} lost${allowed ? ' as allowed' : ''}`;
  // Acks that came after the fault count as 0.
  if (messages === 0 || ms === null || ms === 0) return lost;
  return `${lost}, ${messages === 1 ? '' : 'the oldest '}acked ${count(ms)} ms before it`;
}

/** The same of a fault of a record; undefined where it took nothing. */
export function faultLossInWords(
  { verdicts }: Pick<RunRecord, 'verdicts'>,
  { lossWindowMessages: messages, lossWindowMs: ms }: RecordedFault,
): string | undefined {
  if (messages === 0) return undefined;
  const allowed = verdicts.some(({ check, verdict }) => check === 'lost' && verdict === 'valid');
  return lossInWords({ messages, ms, allowed });
}
