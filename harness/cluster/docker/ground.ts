import { HarnessError } from '../../errors.ts';
import type { StorageForm } from '../node-storage.ts';
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
  /** What the nodes' data are to stand on. */
  readonly storage: StorageForm;
  /** Whether links are to be cut. */
  readonly cuts: boolean;
  readonly onBuild: (what: string) => void;
}): Promise<DockerGround> {
  const engine = await openEngine(engineEndpoint());
  if (options.storage !== 'plain' && !engine.local) {
    const sentence = `storage ${options.storage} needs an engine on this machine, and that of ${engine.endpoint.host} may be on another`;
    throw new HarnessError('environment', sentence);
  }
  const image = await provideImage(engine, options.programs, options.onBuild);
  const gates = options.cuts ? { gateImage: await provideGateImage(engine, options.onBuild) } : {};
  const made = `image ${image.tag} from ${image.madeFrom}`;
  const data = engine.local ? '' : '; data in volumes of the engine';
  const description = `Docker Engine ${engine.version}, ${made}${data}`;
  return { engine, image, description, ...gates };
}
