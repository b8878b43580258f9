/** What `npm run soak` found; kept under docs. */
export interface SoakRecord {
  readonly version: string;
  readonly startedAt: string;
  readonly machine: string;
  readonly clean: readonly CleanRun[];
  readonly defects: readonly DefectRun[];
}

export interface CleanRun {
  readonly scenario: string;
  readonly seed: number;
  readonly verdict: 'pass' | 'inconclusive' | 'fail';
  readonly acked: number;
  readonly faultsConfirmed: number;
  readonly rtoMs: number | null;
  /** Empty for a pass. */
  readonly reasons: readonly string[];
}

export interface DefectRun {
  readonly defect: string;
  readonly scenario: string;
  /** The anomaly that must be raised. */
  readonly expected: string;
  readonly seedsTried: readonly number[];
  readonly caughtAtSeed: number | null;
  /** First witness, or what was found instead. */
  readonly evidence: string;
}

/** The record as a page. */
export function markdown(record: SoakRecord): string {
  const passed = record.clean.filter(({ verdict }) => verdict === 'pass').length;
  const caught = record.defects.filter(({ caughtAtSeed }) => caughtAtSeed !== null).length;
  return [
    '# Soak',
    '',
    `Ackworth ${record.version}, ${record.startedAt}, ${record.machine}. Made by \`npm run soak\`.`,
    '',
    `## Clean runs: ${passed} of ${record.clean.length} passed`,
    '',
    '| scenario | seed | verdict | acked | faults confirmed | recovery ms | reasons |',
    '| --- | ---: | --- | ---: | ---: | ---: | --- |',
    ...record.clean.map(
      (run) =>
        `| ${run.scenario} | ${run.seed} | ${run.verdict} | ${run.acked} | ${run.faultsConfirmed} | ` +
        `${run.rtoMs === null ? '-' : Math.round(run.rtoMs)} | ${cell(run.reasons.join('; '))} |`,
    ),
    '',
    `## Planted defects: ${caught} of ${record.defects.length} caught`,
    '',
    'Each is a wrapped part of the broker, not a flag inside it (`test/defects/`).',
    '',
    '| defect | scenario | must be raised | caught at seed | seeds tried | evidence |',
    '| --- | --- | --- | ---: | --- | --- |',
    ...record.defects.map(
      (run) =>
        `| ${run.defect} | ${run.scenario} | ${run.expected} | ${run.caughtAtSeed ?? 'escaped'} | ` +
        `${run.seedsTried.join(', ')} | ${cell(run.evidence)} |`,
    ),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
