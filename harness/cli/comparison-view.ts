import pc from 'picocolors';
import type { GridCell } from '../compare/grid-cell.ts';
import type { SuiteCell } from '../record/suite.ts';
import type { Progress } from '../run/run-types.ts';

interface Place {
  readonly index: number;
  readonly total: number;
  readonly leftMs: number;
}

/** Shows a grid while it goes on, on standard error. */
export interface ComparisonView {
  begin(cell: GridCell, place: Place): void;
  progress(progress: Progress): void;
  ended(cell: SuiteCell): void;
  close(): void;
}

const words = {
  pass: pc.green('pass'),
  inconclusive: pc.yellow('inconclusive'),
  fail: pc.red('FAIL'),
};

/** One line per cell that is over; on a terminal, below them one that tells what goes on. */
export function comparisonView(out: NodeJS.WriteStream = process.stderr): ComparisonView {
  let head = '';
  const live = (text: string): void => {
    if (!out.isTTY) return;
    out.write(`\r\u001b[K${text.slice(0, Math.max(20, out.columns ?? 100) - 1)}`);
  };
  return {
    begin({ id }, { index, total, leftMs }) {
      head = `cell ${index} of ${total}, ${minutes(leftMs)} left: ${id}`;
      if (out.isTTY) live(head);
      else out.write(`${head}\n`);
    },
    progress(progress) {
      if (progress.type === 'stage') live(`${head}, ${progress.stage}`);
      else if (progress.type === 'load') {
        const { atMs, totalMs, ackedPerSecond } = progress;
        const at = `${Math.round(atMs / 1000)} of ${Math.round(totalMs / 1000)} s`;
        live(`${head}, ${at}, ${Math.round(ackedPerSecond).toLocaleString('en-US')} acks/s`);
      }
    },
    ended(cell) {
      live('');
      out.write(`  ${cell.id}: ${found(cell)}\n`);
    },
    close: () => live(''),
  };
}

function found({ state, note, verdict, price, worth, reasons }: SuiteCell): string {
  if (state !== 'done' || verdict === null) return `${pc.yellow(state)}: ${note}`;
  const why = verdict === 'pass' ? '' : `: ${reasons[0] ?? ''}`;
  if (price !== null) {
    const kept = price.sustained ? 'sustained' : 'not sustained';
    const p99 =
      price.response.p99 === null ? '' : `, p99 ${(price.response.p99 / 1000).toFixed(2)} ms`;
    return `${words[verdict]}, ${whole(price.acked)}/s acked, ${kept}${p99}${why}`;
  }
  if (worth === null) return `${words[verdict]}${why}`;
  return `${words[verdict]}, ${whole(worth.lost)} of ${whole(worth.acked)} acked lost${why}`;
}

function minutes(ms: number): string {
  return ms < 90_000 ? `about ${Math.ceil(ms / 1000)} s` : `about ${Math.round(ms / 60_000)} min`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
