/**
 * The gate of a site, as a container with its network: filters what comes in, counts it, and
 * exchanges frames with the other gates.
 *
 *     ACKWORTH_GATE_TOKEN=T node gate.js
 *
 * Prints a line once it listens, and ends when its stdin closes.
 */
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { Channel } from '../../../load/channel.ts';
import { clockDomain, monotonicNanos } from '../../../measure/clock.ts';
import {
  framePort,
  gatePort,
  gateTokenVariable,
  type GateAnswers,
  type GateReply,
  type GateRequest,
} from './gate-protocol.ts';
import { bytesPassed, dropping, restore, save, setUp } from './packet-filter.ts';
import { connectionsWith } from './tcp-table.ts';

const token = process.env[gateTokenVariable];
const arrivals = new Map<string, number>();
const frames = createSocket('udp4');

frames.on('message', (bytes) => {
  const id = bytes.toString();
  if (!arrivals.has(id)) arrivals.set(id, monotonicNanos());
});

function serve(socket: Socket): void {
  let known = false;
  let last: Promise<unknown> = Promise.resolve();
  const channel = new Channel<GateRequest, GateReply>(socket, {
    onMessage: (asked) => {
      known ||= asked.type === 'hello' && token !== undefined && asked.token === token;
      // A stranger, of whom nothing else is taken.
      if (!known) return channel.destroy();
      last = last.then(async () => {
        try {
          channel.send({ request: asked.request, answer: await answer(asked) });
        } catch (error) {
          channel.send({ request: asked.request, refused: (error as Error).message });
        }
      });
    },
    onClose: () => undefined,
  });
}

async function answer(asked: GateRequest): Promise<GateAnswers[keyof GateAnswers]> {
  switch (asked.type) {
    case 'hello':
      return { clockDomain: clockDomain() };
    case 'watch':
      return { atNanos: await restore(setUp(asked.sources)) };
    case 'drop':
      return { atNanos: await restore(dropping(asked.sources)) };
    case 'passed':
      return { bytes: bytesPassed(await save(), asked.sources) };
    case 'connections':
      return { count: connectionsWith(tables(), asked.peers) };
    case 'send':
      await Promise.all(asked.frames.map(({ id, to }) => send(id, to)));
      return { atNanos: monotonicNanos() };
    case 'arrivals':
      return { atNanos: asked.ids.map((id) => arrivals.get(id) ?? null) };
  }
}

/** A site that listens for both families has what it accepted in the second, where there is one. */
function tables(): string {
  const files = ['/proc/net/tcp', '/proc/net/tcp6'].filter((file) => existsSync(file));
  return files.map((file) => readFileSync(file, 'utf8')).join('');
}

/** What the network does to it is not the sender's business. */
function send(id: string, to: string): Promise<void> {
  return new Promise((resolve) => frames.send(id, framePort, to, () => resolve()));
}

process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));
frames.bind(framePort, '0.0.0.0', () => {
  createServer({ noDelay: true }, serve).listen(gatePort, '0.0.0.0', () => {
    process.stdout.write('ready\n');
  });
});
