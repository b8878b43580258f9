import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import type { Told } from './told.ts';

export function undelivered(told: Told): OracleVerdict {
  const found = new Findings();
  told.groups.forEach((_, group) => {
    for (const record of told.log()) {
      const name = told.nameOf(record);
      if (name === undefined || told.wasGiven(told.send(name), group)) continue;
      if (record.offset > told.furthest(group, record.partition)) found.doubt();
      else found.add('undelivered');
    }
  });
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}
