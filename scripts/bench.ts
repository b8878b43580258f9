import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { plainTable } from '../harness/cli/verdict-table.ts';
import { brokerBench } from './bench/broker.ts';
import { checkerBench } from './bench/checker.ts';
import { gatewayBench } from './bench/gateway.ts';
import { generatorBench } from './bench/generator.ts';
import { linksBench } from './bench/links.ts';
import { memoryBench } from './bench/memory.ts';
import { microBench } from './bench/micro.ts';
import { natsBench } from './bench/nats.ts';
import { reportBench } from './bench/report.ts';
import type { BenchRow } from './bench/row.ts';

/**
 * `npm run bench`: every figure that we promise, each beside a physical probe of the same run, so
 * that a slower machine moves both. One part after the other: a measurement shares the machine with
 * nothing else of ours. Exits with 1 when a goal is missed.
 */
const parts: Record<string, () => Promise<BenchRow[]>> = {
  broker: brokerBench,
  generator: generatorBench,
  checker: checkerBench,
  report: reportBench,
  gateway: gatewayBench,
  links: linksBench,
  memory: memoryBench,
  nats: natsBench,
  micro: microBench,
};

const program = new Command('bench')
  .argument('[part...]', Object.keys(parts).join(', '), Object.keys(parts))
  .option('--json <file>', 'write the rows there')
  .parse();
const { json } = program.opts<{ json?: string }>();
const unknown = program.args.filter((name) => !(name in parts));
if (unknown.length > 0)
  program.error(`no part ${unknown.join(', ')}: there are ${Object.keys(parts).join(', ')}`);

const rows: BenchRow[] = [];
for (const name of program.args.length > 0 ? program.args : Object.keys(parts)) {
  process.stderr.write(`measuring ${name}\n`);
  rows.push(...(await parts[name]!()));
}

const table = plainTable(['figure', 'value', 'unit', 'probe', 'ratio', 'goal', 'met']);
for (const { name, value, unit, probe, ratio, goal, met } of rows) {
  table.push([name, figure(value), unit, figure(probe), figure(ratio), goal, met ? 'yes' : 'NO']);
}
process.stdout.write(`${table.toString()}\n`);
if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
const missed = rows.filter(({ met }) => !met);
process.stdout.write(`${rows.length - missed.length} of ${rows.length} figures as promised\n`);
process.exitCode = missed.length === 0 ? 0 : 1;

function figure(value: number | null): string {
  if (value === null) return '-';
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
