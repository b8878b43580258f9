import type { NodeSeat } from '../../cluster/node-program.ts';

/** What a node is started with, as its program reads it from JSON. */
export function nodeConfig({ node, listens, addresses, dials, storage, token }: NodeSeat): object {
  const [listenAddress] = listens;
  return {
    nodeId: node,
    nodes: addresses.map(([clientAddress], index) => {
      const peerAddress = dials(index + 1);
      return { id: index + 1, clientAddress, ...(peerAddress && { peerAddress }) };
    }),
    ...(listenAddress !== addresses[node - 1]?.[0] && { listenAddress }),
    ...storage,
    token,
  };
}
