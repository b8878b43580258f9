import type { Disk } from '../env/disk.ts';
import { BrokerError } from '../errors.ts';

const fileName = 'format.json';
const formatName = 'ackworth-broker';
const formatVersion = 1;

interface Owner {
  readonly clusterName: string;
  readonly nodeId: number;
}

/**
 * Claims an empty data directory for this node, or makes sure that it was claimed by this node in
 * a format that this program can read. Rejects with `corrupt-log` and one sentence otherwise:
 * nothing in a directory that is not understood is ever opened.
 */
export async function claimDataDirectory(disk: Disk, owner: Owner): Promise<void> {
  await disk.makeDirectory('.');
  const names = (await disk.list('.')).filter((name) => name !== 'lost+found');
  if (names.includes(fileName)) {
    checkClaim(await readAll(disk, fileName), owner);
    return;
  }
  const foreign = names.filter((name) => name !== `${fileName}.new`);
  if (foreign.length > 0) {
    throw refused(`it holds ${foreign[0]} but no ${fileName}; give an empty directory`);
  }
  await writeClaim(disk, owner);
}

async function readAll(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path);
  try {
    return (await file.read(0, Math.min(file.size, 65_536))).toString('utf8');
  } finally {
    await file.close();
  }
}

async function writeClaim(disk: Disk, owner: Owner): Promise<void> {
  const text = JSON.stringify({ format: formatName, version: formatVersion, ...owner }) + '\n';
  const file = await disk.open(`${fileName}.new`, { create: true });
  try {
    await file.truncate(0);
    await file.write(0, [Buffer.from(text)]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${fileName}.new`, fileName);
  await disk.syncDirectory('.');
}

function checkClaim(text: string, owner: Owner): void {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw refused(`${fileName} is not readable as JSON`, cause);
  }
  const claim = (typeof found === 'object' && found !== null ? found : {}) as Record<
    string,
    unknown
  >;
  if (claim.format !== formatName) throw refused(`${fileName} does not name ${formatName}`);
  if (typeof claim.version !== 'number') throw refused(`${fileName} has no version`);
  if (claim.version > formatVersion) {
    throw refused(
      `its format version ${claim.version} is newer than ${formatVersion}, the newest that this ` +
        'program reads; use a newer program',
    );
  }
  if (claim.version < formatVersion) throw refused(`format version ${claim.version} is unknown`);
  if (claim.clusterName !== owner.clusterName) {
    throw refused(`it belongs to cluster ${String(claim.clusterName)}, not ${owner.clusterName}`);
  }
  if (claim.nodeId !== owner.nodeId) {
    throw refused(`it belongs to node ${String(claim.nodeId)}, not node ${owner.nodeId}`);
  }
}

function refused(why: string, cause?: unknown): BrokerError {
  return new BrokerError('corrupt-log', `the data directory is refused: ${why}`, { cause });
}
