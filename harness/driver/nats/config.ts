import type { NodeFile, NodeSeat } from '../../cluster/node-program.ts';
import type { ProgramOptions } from '../broker.ts';

/** Of the account with the streams, and of the one that may ask servers about themselves. */
export const loadUser = 'ackworth';
export const systemUser = 'system';

/** Above the largest message of a scenario with its headers. */
const payloadBytesMax = 2 * 1024 ** 2;
const fileStoreMax = '64GB';

/** What a server is called by the others, and by whoever asks it. */
export function serverName(node: number): string {
  return `node-${node}`;
}

/** The number of a node by its server's name; 0 of a name that is none. */
export function nodeOfServer(name: string | undefined): number {
  return Number(/^node-(\d+)$/.exec(name ?? '')?.[1] ?? 0);
}

/** The configuration of a node, as a file that it is given. */
export function configFile(seat: NodeSeat, topic: ProgramOptions['topic']): NodeFile {
  return { name: `${serverName(seat.node)}.conf`, text: configText(seat, topic) };
}

/** A cluster of its own, or a single server that is none. */
export function configText(seat: NodeSeat, topic: ProgramOptions['topic']): string {
  const { node, listens, addresses, dials, storage, token } = seat;
  const [client, route] = listens;
  const password = JSON.stringify(token);
  const account = (name: string, user: string, more: string): string =>
    `  ${name} { ${more}users: [{ user: ${user}, password: ${password} }] }`;
  const routes = addresses.map((of, index) => `"nats://${dials(index + 1) ?? of.at(-1)}"`);
  return [
    `server_name: ${serverName(node)}`,
    `listen: "${client}"`,
    `max_payload: ${payloadBytesMax}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(storage.dataDirectory)}`,
    `  max_file_store: ${fileStoreMax}`,
    ...syncInterval(topic),
    '}',
    'accounts {',
    account('LOAD', loadUser, 'jetstream: enabled, '),
    account('SYS', systemUser, ''),
    '}',
    'system_account: SYS',
    ...(addresses.length > 1 ? clusterBlock(route ?? '', routes) : []),
    '',
  ].join('\n');
}

/** `os` leaves it to the server, whose own timer syncs every two minutes. */
function syncInterval({ flush, flushInterval }: ProgramOptions['topic']): string[] {
  if (flush === 'os') return [];
  return [`  sync_interval: ${flush === 'sync' ? 'always' : `"${flushInterval}ms"`}`];
}

function clusterBlock(route: string, routes: readonly string[]): string[] {
  return [
    'cluster {',
    '  name: ackworth',
    `  listen: "${route}"`,
    '  no_advertise: true',
    `  routes: [${routes.join(', ')}]`,
    '}',
  ];
}
