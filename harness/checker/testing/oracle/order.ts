import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import type { Told } from './told.ts';

export function order(told: Told): OracleVerdict {
  const found = new Findings();
  const report = (list: readonly string[], kind: string): void => {
    list.forEach((name, index) => {
      const send = told.send(name);
      const late = list.slice(0, index).some((earlier) => {
        const other = told.send(earlier);
        return (
          other.producer === send.producer &&
          other.key === send.key &&
          other.sequence > send.sequence
        );
      });
      if (!late) return;
      if (told.byRetry(send)) found.add('reordered-producer-retry', true);
      else found.add(kind);
    });
  };
  const seen = new Set<string>();
  let compared = 0;
  for (const partition of told.partitions()) {
    const names = told
      .log(partition)
      .flatMap((record) => told.nameOf(record) ?? [])
      .filter((name) => !seen.has(name) && seen.add(name));
    compared += names.length;
    report(names, 'reordered');
  }
  for (const session of new Set(told.given.map((one) => one.session))) {
    const names = told.given
      .filter((one) => one.session === session)
      .flatMap((one) => told.nameOf(one.event) ?? []);
    compared += names.length;
    report([...new Set(names)], 'reordered-delivery');
  }
  if (compared === 0) found.doubt();
  return found.verdict();
}
