import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderReport } from '../../reports/index.ts';
import type { RunRecord } from '../record/record.ts';

/** Writes everything a person or a CI system reads beside the record; returns the report's path. */
export async function writeReports(
  directory: string,
  records: readonly RunRecord[],
): Promise<string> {
  const { html, summaryMarkdown, junitXml, charts } = await renderReport(records);
  mkdirSync(join(directory, 'charts'), { recursive: true });
  writeFileSync(join(directory, 'report.html'), html);
  writeFileSync(join(directory, 'summary.md'), summaryMarkdown);
  writeFileSync(join(directory, 'junit.xml'), junitXml);
  for (const { name, svg, spec } of charts) {
    writeFileSync(join(directory, 'charts', `${name}.svg`), svg);
    writeFileSync(join(directory, 'charts', `${name}.vl.json`), `${JSON.stringify(spec, null, 2)}\n`);
  }
  return join(directory, 'report.html');
}
