/**
 * The proxies of a run, as a process or a container: every link of it goes through here.
 *
 *     node dist/harness/cluster/network/main.js (CONFIG-FILE | --config-env NAME)
 *
 * Prints the address of its control port once all listen, and ends when its stdin closes.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { Channel } from '../../load/channel.ts';
import { clockDomain, monotonicNanos } from '../../measure/clock.ts';
import { linkKey } from './link-rules.ts';
import { probeLinks } from './probe-links.ts';
import { listenAt, Proxies } from './proxies.ts';
import type { ProxyAnswers, ProxyConfig, ProxyReply, ProxyRequest } from './protocol.ts';

const [source = '', variable = ''] = process.argv.slice(2);
const text = source === '--config-env' ? process.env[variable] : readFileSync(source, 'utf8');
const { token, control, pairs } = JSON.parse(text ?? '{}') as ProxyConfig;
const dialled = new Set(pairs.map(linkKey));
const proxies = new Proxies();
const addresses = await proxies.listen(pairs);

function serve(socket: Socket): void {
  let known = false;
  const channel = new Channel<ProxyRequest, ProxyReply>(socket, {
    onMessage: (asked) => {
      known ||= asked.type === 'hello' && asked.token === token;
      // A stranger, of whom nothing else is taken.
      if (!known) return channel.destroy();
      answer(asked).then(
        (given) => channel.send({ request: asked.request, answer: given }),
        (error: Error) => channel.send({ request: asked.request, refused: error.message }),
      );
    },
    onClose: () => undefined,
  });
}

async function answer(asked: ProxyRequest): Promise<ProxyAnswers[keyof ProxyAnswers]> {
  switch (asked.type) {
    case 'hello':
      return { addresses, clockDomain: clockDomain() };
    case 'targets':
      for (const { address, ...link } of asked.targets) proxies.setTarget(link, address);
      return { atNanos: monotonicNanos() };
    case 'apply':
      return { atNanos: proxies.apply(asked.rule) };
    case 'lift':
      return { atNanos: proxies.lift(asked.id) };
    case 'reset':
      return proxies.reset(asked.links);
    case 'probe': {
      const dials = (link: { from: string; to: string }): boolean => dialled.has(linkKey(link));
      return { sightings: await probeLinks(proxies, { ...asked, dials }) };
    }
    case 'traffic':
      return proxies.traffic(asked.id);
  }
}

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
// Ctrl-C is the harness's business.
process.on('SIGINT', () => undefined);
process.stdout.write(`${await listenAt(createServer(serve), control)}\n`);
