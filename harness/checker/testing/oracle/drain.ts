import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { rises } from './told.ts';
import type { Told } from './told.ts';

export function drain(told: Told): OracleVerdict {
  const found = new Findings();
  for (const partition of told.partitions()) {
    const log = told.copy(0, partition);
    if (!told.isRead(0, partition)) found.doubt();
    else if (
      told.input.capabilities.denseOffsets &&
      rises(log!.records) &&
      log!.end!.endOffset - log!.end!.startOffset !== log!.records.length
    )
      found.doubt();
    const complete = told.nodes().filter((node) => told.isRead(node, partition));
    if (complete.length < told.replicas()) found.doubt();
    if (
      told.isRead(0, partition) &&
      complete.some((node) => told.copy(node, partition)!.end!.endOffset !== log!.end!.endOffset)
    )
      found.doubt();
    told.groups.forEach((_, group) => {
      if (told.reached(group, partition) < told.lastOffset(partition)) found.doubt();
    });
  }
  return found.verdict();
}
