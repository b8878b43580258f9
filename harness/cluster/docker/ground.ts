import { engineEndpoint } from './endpoint.ts';
import { openEngine, type Engine } from './engine.ts';
import { provideGateImage } from './image/gate-image.ts';
import { provideImage, type ProgramImage } from './image/image.ts';

/** What a run on Docker stands on: an engine that answers, and an image that it has. */
export interface DockerGround {
  readonly engine: Engine;
  readonly image: ProgramImage;
  /** Where links are to be cut. */
  readonly gateImage?: Awaited<ReturnType<typeof provideGateImage>>;
  /** "Docker Engine 20.10.24, image ackworth:... from node:20.20.2-slim" */
  readonly description: string;
}

/** Rejects with HarnessError `environment` in one sentence. */
export async function findDockerGround(options: {
  /** Further programs of nodes. */
  readonly programs: readonly string[];
  /** Whether links are to be cut. */
  readonly cuts: boolean;
  readonly onBuild: (what: string) => void;
}): Promise<DockerGround> {
  const engine = await openEngine(engineEndpoint());
  const image = await provideImage(engine, options.programs, options.onBuild);
  const gates = options.cuts ? { gateImage: await provideGateImage(engine, options.onBuild) } : {};
  const description = `Docker Engine ${engine.version}, image ${image.tag} from ${image.madeFrom}`;
  return { engine, image, description, ...gates };
}
