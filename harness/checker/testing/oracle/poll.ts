import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { lossyCuts } from './promise.ts';
import { rises } from './told.ts';
import type { Told } from './told.ts';

export function poll(told: Told): OracleVerdict {
  const found = new Findings();
  let pairs = 0;
  for (const session of new Set(told.given.map((one) => one.session))) {
    const list = told.given.filter((one) => one.session === session).map((one) => one.event);
    for (let index = 1; index < list.length; index++) {
      const [before, after] = [list[index - 1]!, list[index]!];
      const isBetween = ({ offset }: { offset: number }) =>
        offset > before.offset && offset < after.offset;
      pairs++;
      if (after.offset <= before.offset) found.add('rewound');
      else if (told.input.capabilities.denseOffsets) {
        if (after.offset > before.offset + 1) found.add('skipped');
      } else if (!told.isRead(0, after.partition) || !rises(told.log(after.partition)))
        found.doubt();
      else if (told.log(after.partition).some(isBetween)) found.add('skipped');
    }
  }
  const first = lossyCuts(told)[0]?.cut.at ?? Infinity;
  for (const { header, events } of told.input.files) {
    if (header.role !== 'consumer') continue;
    for (const event of events) {
      if (event.type !== 'diverged') continue;
      if (event.time >= first) found.add('sent-back-window', true);
      else found.add('sent-back');
    }
  }
  if (pairs === 0) found.doubt();
  return found.verdict();
}
