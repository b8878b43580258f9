import { Book } from '../checker/book/book.ts';
import { keepBook } from '../checker/book/bookkeeper.ts';
import type { Watcher } from '../checker/book/bookkeeper.ts';
import type { Circumstances } from '../checker/book/circumstances.ts';
import type { HistorySource } from '../checker/book/history-source.ts';
import type { Verdict } from '../checker/checker.ts';
import { lost } from '../checker/lost.ts';
import { checkers as allCheckers } from '../checker/registry.ts';
import type { Checker, Finding } from '../checker/watch.ts';
import { accountingOf } from './accounting.ts';
import type { Judgement, Measured } from './judgement.ts';
import { lossBoundsOf } from './loss-bounds.ts';
import { judgeLimits } from './limits.ts';
import { recordedFaults, recoveryOf } from './recorded-faults.ts';
import { decide } from './verdict.ts';

/** More sentences than these nobody reads. */
const doubtsToldMax = 4;

/**
 * Judges a history: pure, from events, plan and capabilities to the judgement. All checkers watch;
 * the scenario's `checks` choose whose verdicts count, and `drain` always does, since the others
 * rest on it; what another one finds violated stands in the way of a pass all the same. A checker that throws is `unknown`, with the error as its evidence.
 */
export function judgeHistory(
  source: HistorySource,
  circumstances: Circumstances,
  measured: Measured,
  checkers: readonly Checker[] = allCheckers,
): Judgement {
  const book = new Book(circumstances);
  const watchers: Watcher[] = [];
  const verdicts = new Map<Checker, Verdict>();
  for (const checker of checkers) {
    attempt(checker, verdicts, () => {
      const reason = checker.notApplicable(circumstances);
      if (reason === undefined)
        watchers.push({ checker, watch: checker.watch(book), failed: undefined });
      else verdicts.set(checker, verdictOf(checker, 'not-applicable', reason));
    });
  }
  keepBook(source, book, watchers);
  for (const { checker, watch, failed } of watchers) {
    attempt(checker, verdicts, () => {
      if (failed !== undefined) throw failed;
      verdicts.set(checker, verdictFrom(checker, watch.finish(), book));
    });
  }
  const { checks, limits: wanted } = circumstances.plan.scenario;
  const counted = checkers.filter(
    ({ name }) => checks === undefined || name === 'drain' || checks.includes(name),
  );
  const all = checkers.map((checker) => verdicts.get(checker)!);
  const accounting = accountingOf(book, all);
  const faults = recordedFaults(book);
  const recovery = recoveryOf(book, faults);
  const neverRecovered = all.some(({ anomalies }) =>
    anomalies.some(({ kind }) => kind === 'never-recovered'),
  );
  const limits = judgeLimits(wanted, measured, {
    rtoMs: recovery.rtoMs,
    boundMs: Math.max(0, ...faults.map(({ rtoBoundMs = 0 }) => rtoBoundMs)),
    neverRecovered,
  });
  const chosen = counted.map((checker) => verdicts.get(checker)!);
  const unchosen = checkers.filter((checker) => !counted.includes(checker));
  const lossBounds = verdicts.get(lost)?.verdict === 'valid' ? lossBoundsOf(book) : [];
  const decision = decide({
    book,
    verdicts: chosen,
    unchosen: unchosen.map((checker) => verdicts.get(checker)!),
    lossBounds,
    limits,
    accounting,
  });
  return {
    accounting,
    faults,
    recovery,
    lossBounds,
    limits,
    verdicts: chosen.map(plain),
    ...decision,
  };
}

function attempt(checker: Checker, verdicts: Map<Checker, Verdict>, act: () => void): void {
  try {
    act();
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    verdicts.set(checker, verdictOf(checker, 'unknown', `the checker threw ${what}`));
  }
}

function verdictFrom(checker: Checker, finding: Finding, { gaps }: Book): Verdict {
  const { forbidden, allowed, evidence } = finding;
  const misled = checker.misledBy?.filter((role) => gaps.has(role)) ?? [];
  const looksAlike = misled.map(
    (role) => `the history of a ${role} is not whole, which looks the same`,
  );
  const doubts = forbidden.count() > 0 ? [...looksAlike, ...finding.doubts] : finding.doubts;
  const more = doubts.length > doubtsToldMax ? [`and ${doubts.length - doubtsToldMax} more`] : [];
  const told = [evidence, ...doubts.slice(0, doubtsToldMax), ...more].join('; ');
  const invalid = forbidden.count() > 0 && misled.length === 0;
  const value = invalid ? 'invalid' : doubts.length > 0 ? 'unknown' : 'valid';
  return {
    ...verdictOf(checker, value, told),
    anomalies: [...forbidden.anomalies(), ...allowed.anomalies()],
  };
}

function verdictOf({ name }: Checker, verdict: Verdict['verdict'], evidence: string): Verdict {
  return { check: name, verdict, evidence, anomalies: [] };
}

/** As the record keeps it. */
function plain({ check, verdict, evidence, anomalies }: Verdict): Judgement['verdicts'][number] {
  return {
    check,
    verdict,
    evidence,
    anomalies: anomalies.map(({ kind, count, examples }) => ({
      kind,
      count,
      examples: [...examples],
    })),
  };
}
