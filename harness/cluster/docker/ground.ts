import { HarnessError } from '../../errors.ts';
import type { NodeProgram } from '../node-program.ts';
import type { StorageForm } from '../node-storage.ts';
import { engineEndpoint } from './endpoint.ts';
import { openEngine, type Engine } from './engine.ts';
import { provideGateImage } from './image/gate-image.ts';
import { provideImage, type ProgramImage } from './image/image.ts';
import { givenNodeImage, madeNodeImage, type NodeImage } from './image/node-image.ts';

/** What a run on Docker stands on: an engine that answers, and images that it has. */
export interface DockerGround {
  readonly engine: Engine;
  /** Of the workers. */
  readonly image: ProgramImage;
  readonly nodeImage: NodeImage;
  /** Where links are to be cut by packet filters; elsewhere faults on links act through proxies. */
  readonly gateImage?: Awaited<ReturnType<typeof provideGateImage>>;
  /** "Docker Engine 20.10.24, image ackworth:... from node:20.20.2-slim" */
  readonly description: string;
}

/** Rejects with HarnessError `environment` in one sentence. */
export async function findDockerGround(options: {
  readonly program: Pick<NodeProgram, 'contained'>;
  /** What the nodes' data are to stand on. */
  readonly storage: StorageForm;
  /** Whether links are to be cut by packet filters. */
  readonly cuts: boolean;
  /** A planned fault that acts on files of the nodes. */
  readonly onFiles?: string | undefined;
  /** Of the nodes, where it is the user's own. */
  readonly nodeImage?: string | undefined;
  readonly onBuild: (what: string) => void;
}): Promise<DockerGround> {
  const { onBuild, nodeImage: given } = options;
  const { contained } = options.program;
  const engine = await openEngine(engineEndpoint());
  const refusal = engine.local ? undefined : refusalElsewhere(engine, options);
  if (refusal !== undefined) throw new HarnessError('environment', refusal);
  const own = given === undefined ? undefined : await givenNodeImage(engine, contained, given);
  const source = own ? undefined : await contained.source();
  const mains = source && 'main' in source ? [source.main] : [];
  const image = await provideImage(engine, mains, onBuild);
  const nodeImage = own ?? (await madeNodeImage(engine, source!, image, onBuild));
  const gates = options.cuts ? { gateImage: await provideGateImage(engine, onBuild) } : {};
  const made = `image ${image.tag} from ${image.madeFrom}`;
  const elsewhere = `; it is on another machine or in a virtual one (${engine.machine}); data in volumes of the engine`;
  const data = engine.local ? '' : elsewhere;
  const nodes = nodeImage.description && `; nodes from image ${nodeImage.description}`;
  const description = `Docker Engine ${engine.version}, ${made}${nodes}${data}`;
  return { engine, image, nodeImage, description, ...gates };
}

/** What cannot be done where the engine is on another machine or in a virtual one. */
function refusalElsewhere(
  { endpoint, machine, reachable }: Engine,
  { storage, onFiles }: { readonly storage: StorageForm; readonly onFiles?: string | undefined },
): string | undefined {
  const where = `the one at ${endpoint.host} is elsewhere (${machine})`;
  const instead = 'use --cluster process, or another engine';
  if (onFiles !== undefined)
    return `"${onFiles}" acts on files of the nodes, which an engine of this machine alone has at hand, and ${where}: ${instead}`;
  if (storage !== 'plain')
    return `storage ${storage} needs an engine of this machine, and ${where}: ${instead}`;
  if (!reachable)
    return `the ports of its containers are published on the loopback of the engine, which only a virtual machine of this one passes on, and ${where}: run Ackworth there, or use another engine`;
  return undefined;
}
