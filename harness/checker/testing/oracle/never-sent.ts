import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import type { Told } from './told.ts';

export function neverSent(told: Told): OracleVerdict {
  const found = new Findings();
  const all = told.sightings();
  const strange = all.filter((event) => event.intact && told.nameOf(event) === undefined);
  const names = strange.map(
    ({ foreign, producer, sequence }) =>
      `${foreign ? 'foreign' : 'never-sent'} ${producer}/${sequence}`,
  );
  for (const name of new Set(names)) found.add(name.split(' ')[0]!);
  if (all.length === 0) found.doubt();
  return found.verdict();
}
