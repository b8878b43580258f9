/** What nodes that were asked at once have answered. */
export interface Round<Answer> {
  readonly answers: readonly Answer[];
  /** From the question to the last answer or refusal; Infinity where one is still missing. */
  readonly spanMs: number;
  /** Before the question, in history time. */
  readonly askedAtNanos: number;
}

/** Answers that lie closer together are good enough: asking again would hold the fault up. */
const closeMs = 20;

/**
 * Asks again while answers lie far apart and there is time, and gives back the round whose answers
 * are closest together; of rounds that lack one, that which lacks fewest. A first round may open
 * connections, and on a machine that is busy any may be slow.
 */
export async function closestRound<Answer>(
  ask: (untilMs: number) => Promise<Round<Answer>>,
  untilMs: number,
  nowMs: () => number,
): Promise<Round<Answer>> {
  let best = await ask(untilMs);
  while (best.spanMs > closeMs && nowMs() < untilMs) {
    const next = await ask(untilMs);
    const hasMore = next.answers.length > best.answers.length;
    const isCloser = next.answers.length === best.answers.length && next.spanMs < best.spanMs;
    if (hasMore || isCloser) best = next;
  }
  return best;
}
