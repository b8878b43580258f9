import { HarnessError } from '../../../errors.ts';
import { saidBy, statusOf, type Engine } from '../engine.ts';

/** An image that somebody else made, for the nodes. */
export interface GivenImage {
  /** As it was named. */
  readonly tag: string;
  /** "sha256:..." */
  readonly id: string;
}

/**
 * The image of this name, which the engine must have: none is pulled, so that a run is of what its
 * user has seen. Rejects with HarnessError `environment` in one sentence.
 */
export async function findImage({ docker }: Engine, tag: string): Promise<GivenImage> {
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
  if (entry !== null && entry !== undefined && (entry as string | string[]).length > 0)
    return { tag, id };
  throw new HarnessError(
    'environment',
    `the image ${tag} has no ENTRYPOINT: it needs one that starts a node and takes --config-env`,
  );
}
