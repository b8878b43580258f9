import { differences } from './differences.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { endOf } from './told.ts';
import type { Told } from './told.ts';

export function replicaDivergence(told: Told): OracleVerdict {
  const found = new Findings();
  for (const partition of told.partitions()) {
    const nodes = told.nodes().filter((node) => told.copy(node, partition) !== undefined);
    if (nodes.filter((node) => told.isRead(node, partition)).length < told.replicas())
      found.doubt();
    for (const node of nodes) {
      told.copy(node, partition)!.records.forEach((record, index, records) => {
        if (index > 0 && record.offset <= records[index - 1]!.offset)
          found.add('offset-not-rising');
      });
    }
    const end = (node: number) => endOf(told.copy(node, partition)!);
    const furthest = (some: readonly number[]) =>
      some.find((node) => some.every((other) => end(other) <= end(node)));
    const all = told.copy(0, partition) === undefined ? nodes : [0, ...nodes];
    const measure = told.isRead(0, partition)
      ? 0
      : furthest(all.filter((node) => told.isRead(node, partition)));
    for (const node of all) {
      if (measure === undefined || node === measure) continue;
      for (const _ of differences(told, { left: measure, right: node, partition }))
        found.add('diverged');
    }
    if (measure === 0) continue;
    const from = measure === undefined ? 0 : end(measure);
    const beyond = all.filter((node) => end(node) > from);
    for (const node of beyond) {
      const first = furthest(beyond)!;
      if (node === first) continue;
      for (const _ of differences(told, { left: first, right: node, partition }, from))
        found.add('diverged');
    }
  }
  return found.verdict();
}
