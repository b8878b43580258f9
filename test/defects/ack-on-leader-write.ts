import type { Connection, Network } from '../../broker/env/network.ts';
import { ApiKey } from '../../broker/protocol/api.ts';
import { FrameReader } from '../../broker/protocol/frames.ts';
import { decodeRequest, encodeRequest } from '../../broker/protocol/messages.ts';
import { runNode } from '../../broker/server/run-node.ts';

const frameBytesMax = 64 * 1024 * 1024;

/**
 * With replication `quorum` the node acks once its own log has the entry: whoever asks for such a
 * topic is given one with replication `async`. A leader that is cut off from the others goes on
 * acking until it steps down, while they go on without it; all of that is cut when it is back, and
 * lies in the middle of what they acked: `lost-middle`, `inconsistent-offset`.
 */
function ackOnLeaderWrite(network: Network): Network {
  return {
    connect: (address, options) => network.connect(address, options),
    listen: (address, onConnection) =>
      network.listen(address, (inner) => onConnection(new LenientConnection(inner))),
  };
}

class LenientConnection implements Connection {
  onData: (bytes: Buffer) => void = () => {};
  readonly #inner: Connection;

  constructor(inner: Connection) {
    this.#inner = inner;
    const requests = new FrameReader(frameBytesMax, (frame) => {
      for (const chunk of loosened(frame)) this.onData(chunk);
    });
    inner.onData = (bytes) => requests.push(bytes);
  }

  get remoteAddress(): string {
    return this.#inner.remoteAddress;
  }

  set onDrain(heard: () => void) {
    this.#inner.onDrain = heard;
  }

  set onClose(heard: (error: Error | undefined) => void) {
    this.#inner.onClose = heard;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#inner.write(chunks);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  close(): void {
    this.#inner.close();
  }
}

function loosened(frame: Buffer): Buffer[] {
  if (frame[0] === ApiKey.createTopic) {
    const { api, correlationId, request } = decodeRequest(frame);
    if (api === 'createTopic' && request.config.replication === 'quorum') {
      const config = { ...request.config, replication: 'async' as const };
      return encodeRequest(api, correlationId, { config });
    }
  }
  const length = Buffer.alloc(4);
  length.writeUInt32LE(frame.length, 0);
  return [length, frame];
}

await runNode(process.argv.slice(2), { network: ackOnLeaderWrite });
