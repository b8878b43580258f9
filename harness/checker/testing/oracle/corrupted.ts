import { contestedPlaces, isSuperseded } from './contested.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { placeOf } from './told.ts';
import type { Told } from './told.ts';

export function corrupted(told: Told): OracleVerdict {
  const found = new Findings();
  const all = told.sightings();
  for (const _ of new Set(all.filter(({ intact }) => !intact).map(placeOf))) found.add('checksum');
  for (const send of told.sends) {
    if (all.some((event) => told.nameOf(event) === send.name && event.key !== send.key))
      found.add('key-changed');
  }
  told.groups.forEach((_, group) => {
    const events = told.given.filter((one) => one.group === group).map((one) => one.event);
    for (const place of new Set(events.map(placeOf))) {
      const names = events
        .filter((event) => placeOf(event) === place)
        .flatMap((event) => told.nameOf(event) ?? []);
      if (new Set(names).size < 2) continue;
      const contested = contestedPlaces(told).find((one) => one.place === place)!;
      const legal = isSuperseded(told, contested);
      found.add(legal ? 'redelivery-superseded' : 'redelivery-changed', legal);
    }
  });
  if (all.length === 0) found.doubt();
  return found.verdict();
}
