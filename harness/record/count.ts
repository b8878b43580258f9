/**
 * A counted figure as text: `1,204`. Not by the locale of the machine, since the same record must
 * give the same bytes everywhere.
 */
export function count(value: number): string {
  const rounded = Math.round(Math.abs(value)).toString();
  return (value < 0 ? '-' : '') + rounded.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 message`, `1,204 messages`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${Math.round(value) === 1 ? one : many}`;
}
