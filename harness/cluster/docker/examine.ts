import { engineEndpoint } from './endpoint.ts';
import { knownToHang, openEngine, type Engine } from './engine.ts';
import { localFilter } from './image/gate-image.ts';
import { hasImage, localBase } from './image/local-image.ts';
import { officialTag } from './image/image.ts';

/** What runs with `--cluster docker` could do here, and why not; nothing is made or pulled. */
export async function examineDocker(): Promise<{
  readonly state: 'good' | 'doubtful';
  readonly found: string;
  readonly advice: string;
}> {
  let engine: Engine;
  try {
    engine = await openEngine(engineEndpoint());
  } catch (error) {
    const found = 'runs with --cluster docker are not possible here, those on processes are';
    return { state: 'doubtful', found, advice: (error as Error).message };
  }
  const { version, endpoint } = engine;
  const image = await imageSource(engine);
  const filter = localFilter();
  const lacking = [
    image.lacking,
    filter === undefined ? 'links cannot be cut on it: install iptables' : undefined,
    engine.local ? undefined : elsewhere(engine),
    knownToHang(version),
  ].filter((reason) => reason !== undefined);
  return {
    state: lacking.length === 0 ? 'good' : 'doubtful',
    found: `Engine ${version} at ${endpoint.host}; ${image.found}`,
    advice: lacking.join('; '),
  };
}

function elsewhere({ machine }: Engine): string {
  return (
    `it is on another machine or in a virtual one (${machine}): times are carried over, as closely ` +
    'as its clock can be measured, and power cuts, full disks, failing syncs and damage to files ' +
    'need an engine of this machine'
  );
}

async function imageSource({ docker }: Engine): Promise<{ found: string; lacking?: string }> {
  const official = officialTag();
  if (await hasImage(docker, official)) return { found: `images are made from ${official}` };
  try {
    localBase();
    return {
      found: `images are made from ${official} if a registry has it, else from the local node`,
    };
  } catch (error) {
    const found = `images are made from ${official}`;
    return {
      found,
      lacking: `where no registry has it, none can be made: ${(error as Error).message}`,
    };
  }
}
