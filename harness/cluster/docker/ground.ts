import { HarnessError } from '../../errors.ts';
import type { StorageForm } from '../node-storage.ts';
import { engineEndpoint } from './endpoint.ts';
import { openEngine, type Engine } from './engine.ts';
import { findImage, type GivenImage } from './image/given-image.ts';
import { provideGateImage } from './image/gate-image.ts';
import { provideImage, type ProgramImage } from './image/image.ts';

/** What a run on Docker stands on: an engine that answers, and an image that it has. */
export interface DockerGround {
  readonly engine: Engine;
  readonly image: ProgramImage;
  /** The user's own, in its place for the nodes. */
  readonly nodeImage?: GivenImage;
  /** Where links are to be cut by packet filters; elsewhere faults on links act through proxies. */
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
  /** Whether links are to be cut by packet filters. */
  readonly cuts: boolean;
  /** Of the nodes, where it is the user's own. */
  readonly nodeImage?: string | undefined;
  readonly onBuild: (what: string) => void;
}): Promise<DockerGround> {
  const engine = await openEngine(engineEndpoint());
  if (options.storage !== 'plain' && !engine.local) {
    const sentence = `storage ${options.storage} needs an engine on this machine, and that of ${engine.endpoint.host} may be on another`;
    throw new HarnessError('environment', sentence);
  }
  const given = options.nodeImage;
  const own = given === undefined ? {} : { nodeImage: await findImage(engine, given) };
  const image = await provideImage(engine, options.programs, options.onBuild);
  const gates = options.cuts ? { gateImage: await provideGateImage(engine, options.onBuild) } : {};
  const made = `image ${image.tag} from ${image.madeFrom}`;
  const data = engine.local ? '' : '; data in volumes of the engine';
  const nodes = own.nodeImage ? `; nodes from image ${described(own.nodeImage)}` : '';
  const description = `Docker Engine ${engine.version}, ${made}${nodes}${data}`;
  return { engine, image, description, ...gates, ...own };
}

/** A name may be given to another image tomorrow. */
function described({ tag, id }: GivenImage): string {
  return `${tag} (${id.slice(0, 'sha256:'.length + 12)})`;
}
