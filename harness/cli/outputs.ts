import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderReport } from '../../reports/index.ts';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../record/record.ts';
import { makeDirectory } from '../run/make-directory.ts';

/** Writes everything a person or a CI system reads beside the record; returns the report's path. */
export async function writeReports(
  directory: string,
  records: readonly RunRecord[],
): Promise<string> {
  const { html, summaryMarkdown, junitXml, charts } = await renderReport(records);
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
