import { engineEndpoint } from './endpoint.ts';
import { openEngine, type Engine } from './engine.ts';
import { provideImage, type ProgramImage } from './image/image.ts';

/** What a run on Docker stands on: an engine that answers, and an image that it has. */
export interface DockerGround {
  readonly engine: Engine;
  readonly image: ProgramImage;
  /** "Docker Engine 20.10.24, image ackworth:... from node:20.20.2-slim" */
  readonly description: string;
}

/** Rejects with HarnessError `environment` in one sentence. */
export async function findDockerGround(options: {
  /** Further programs of nodes. */
  readonly programs: readonly string[];
  readonly onBuild: (what: string) => void;
}): Promise<DockerGround> {
  const engine = await openEngine(engineEndpoint());
  const image = await provideImage(engine, options.programs, options.onBuild);
  const description = `Docker Engine ${engine.version}, image ${image.tag} from ${image.madeFrom}`;
  return { engine, image, description };
}
