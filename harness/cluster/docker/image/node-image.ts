import type { ContainedProgram, NodeSource } from '../../node-program.ts';
import type { Engine } from '../engine.ts';
import { findImage } from './given-image.ts';
import type { ProgramImage } from './image.ts';
import { provideServerImage } from './server-image.ts';

/** What the nodes of a run are started from. */
export interface NodeImage {
  readonly tag: string;
  /** What its entry point is given before all that a node is told. */
  readonly command: readonly string[];
  /** It is the user's own. */
  readonly isGiven: boolean;
  /** What it is, where it is another than that of the workers. */
  readonly description: string;
}

/** The user's own. Rejects with HarnessError `environment` in one sentence. */
export async function givenNodeImage(
  engine: Engine,
  { entryPoint }: ContainedProgram,
  tag: string,
): Promise<NodeImage> {
  const id = await findImage(engine, tag, entryPoint);
  // A name may be given to another image tomorrow.
  const description = `${tag} (${id.slice(0, 'sha256:'.length + 12)})`;
  return { tag, command: [], isGiven: true, description };
}

/** That of the workers, which holds the programs of this installation, or a server's own. */
export async function madeNodeImage(
  engine: Engine,
  source: NodeSource,
  { tag, pathOf }: ProgramImage,
  onBuild: (what: string) => void,
): Promise<NodeImage> {
  if ('main' in source)
    return { tag, command: [pathOf(source.main)], isGiven: false, description: '' };
  const { tag: own, madeFrom } = await provideServerImage(engine, source.server, onBuild);
  return { tag: own, command: [], isGiven: false, description: `${own} from ${madeFrom}` };
}
