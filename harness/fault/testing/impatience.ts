/** As `within`, for tests: it asks a few times, and no time passes. */
export async function within<T>(
  _patienceMs: number,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let tries = 0; tries < 5; tries++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  return undefined;
}
