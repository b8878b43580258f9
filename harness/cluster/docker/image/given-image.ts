import { HarnessError } from '../../../errors.ts';
import { saidBy, statusOf, type Engine } from '../engine.ts';

/**
 * The id, "sha256:...", of an image that somebody else made, which the engine must have: none is
 * pulled, so that a run is of what its user has seen. `needed`: what its entry point must be. Rejects
 * with HarnessError `environment` in one sentence.
 */
export async function findImage({ docker }: Engine, tag: string, needed: string): Promise<string> {
  let id: string;
  let entry: unknown;
  try {
    const { Id, Config } = await docker.getImage(tag).inspect();
    [id, entry] = [Id, Config.Entrypoint];
  } catch (cause) {
    const missing = statusOf(cause) === 404;
    const sentence = missing
      ? `the Docker Engine has no image ${tag}: build it, or get it with \`docker pull ${tag}\``
      : `the image ${tag} cannot be looked at: ${saidBy(cause)}`;
    throw new HarnessError('environment', sentence, { cause });
  }
  if (entry !== null && entry !== undefined && (entry as string | string[]).length > 0) return id;
  throw new HarnessError('environment', `the image ${tag} has no ENTRYPOINT: it needs ${needed}`);
}
