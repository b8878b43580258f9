import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { placeOf } from './told.ts';
import type { Told } from './told.ts';

export function redelivery(told: Told): OracleVerdict {
  const found = new Findings();
  told.given.forEach((one, index) => {
    const name = told.nameOf(one.event);
    const again = told.given
      .slice(0, index)
      .some(
        (other) =>
          other.group === one.group &&
          name !== undefined &&
          told.nameOf(other.event) === name &&
          placeOf(other.event) === placeOf(one.event),
      );
    if (again) found.add('redelivered', true);
  });
  return found.verdict();
}
