import { existsSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ReportFiles } from '../../reports/index.ts';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../record/record.ts';
import type { SuiteCell, SuiteRecord } from '../record/suite.ts';
import { makeDirectory } from '../run/make-directory.ts';

/** What draws charts takes longer to load than all else: only where there is something to draw. */
const reports = () => import('../../reports/index.ts');

/** Writes everything a person or a CI system reads beside the record; returns the report's path. */
export async function writeReports(
  directory: string,
  records: readonly RunRecord[],
): Promise<string> {
  const { renderReport } = await reports();
  return writeFiles(directory, await renderReport(records));
}

/**
 * As `writeReports`, for a suite, whose folder this is: cells are linked to their own reports, or
 * else to their records, as far as they are there.
 */
export async function writeSuiteReports(directory: string, suite: SuiteRecord): Promise<string> {
  const { renderSuite } = await reports();
  return writeFiles(directory, await renderSuite(suite, (cell) => evidenceOf(directory, cell)));
}

/** A path of plain names, so that a link can lead nowhere but down from the suite's folder. */
const pathDown = /^[\w@-][\w.@-]*(?:\/[\w@-][\w.@-]*)*$/;

function evidenceOf(directory: string, { record }: SuiteCell): string | undefined {
  if (record === null || !pathDown.test(record)) return undefined;
  const report = `${posix.dirname(record)}/report.html`;
  return [report, record].find((path) => existsSync(join(directory, path)));
}

function writeFiles(directory: string, files: ReportFiles): string {
  const { html, summaryMarkdown, junitXml, charts } = files;
  const report = join(directory, 'report.html');
  try {
    makeDirectory(join(directory, 'charts'));
    writeFileSync(report, html);
    writeFileSync(join(directory, 'summary.md'), summaryMarkdown);
    writeFileSync(join(directory, 'junit.xml'), junitXml);
    for (const { name, svg, spec } of charts) {
      const chart = join(directory, 'charts', name);
      writeFileSync(`${chart}.svg`, svg);
      writeFileSync(`${chart}.vl.json`, `${JSON.stringify(spec, null, 2)}\n`);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HarnessError(
      'environment',
      `cannot write the report into ${directory}: ${reason}; ` +
        'write it elsewhere with `ackworth report RUN --out DIRECTORY`',
      { cause },
    );
  }
  return report;
}
