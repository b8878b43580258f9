/**
 * Ends containers one after the other, each until it is off its networks: where several leave one at
 * the same time, a Docker Engine before 23.0 may lock itself up for good (moby/moby#42545). `end`
 * resolves with false where that failed, as on an engine that hangs: the rest is then ended at once,
 * so that no time is lost on each.
 */
export async function endInTurn<Container>(
  containers: readonly Container[],
  end: (container: Container) => Promise<boolean>,
): Promise<void> {
  const left = [...containers];
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    if (!(await end(next))) break;
  }
  await Promise.all(left.map(end));
}
