/** The command line that asks for the same run again, with the seed that was drawn. */
export function commandLine(seed: number): string {
  const given = process.argv.slice(2);
  const words = given.some((word) => word === '--seed' || word.startsWith('--seed='))
    ? given
    : [...given, '--seed', String(seed)];
  return ['npx ackworth', ...words.map(quoted)].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
