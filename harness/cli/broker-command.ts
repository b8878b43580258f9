import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { entryPoint } from '../entry-point.ts';
import { HarnessError } from '../errors.ts';

interface BrokerFlags {
  readonly id: string;
  readonly listen: string;
  readonly gateway: string | false;
  readonly peer: string[];
  readonly data: string;
  readonly token?: string;
}

/** `ackworth broker`: one node of the reference broker by itself. */
export function brokerCommand(): Command {
  return new Command('broker')
    .description('Runs one node of the reference broker until it is stopped.')
    .option('--id <n>', 'this node’s number', '1')
    .option('--listen <host:port>', 'where clients and other nodes connect', '127.0.0.1:7070')
    .option('--gateway <host:port>', 'HTTP gateway, /metrics and /healthz', '127.0.0.1:7071')
    .option('--no-gateway', 'no HTTP gateway')
    .option('--peer <id=host:port...>', 'the other nodes of the cluster', [])
    .option('--data <directory>', 'where the log is kept', 'ackworth-data')
    .addOption(
      new Option('--token <token>', 'the cluster’s token; drawn and printed when not given').env(
        'ACKWORTH_TOKEN',
      ),
    )
    .addHelpText(
      'after',
      '\nThree nodes: the same --token for each, and each other node as --peer 2=127.0.0.1:7080.',
    )
    .action(async (flags: BrokerFlags) => {
      if (flags.token === undefined && flags.peer.length > 0) {
        throw new HarnessError(
          'usage',
          '--peer needs --token, the same for every node of the cluster',
        );
      }
      const token = flags.token ?? randomBytes(16).toString('hex');
      const config = {
        nodeId: nodeNumber(flags.id),
        nodes: [{ id: nodeNumber(flags.id), clientAddress: flags.listen }, ...flags.peer.map(peer)],
        dataDirectory: resolve(flags.data),
        token,
        ...(flags.gateway === false ? {} : { gatewayListenAddress: flags.gateway }),
      };
      config.nodes.sort((a, b) => a.id - b.id);
      if (flags.token === undefined) process.stderr.write(`token: ${token}\n`);
      process.exitCode = await runNode(['--config', JSON.stringify(config)]);
    });
}

async function runNode(args: readonly string[]): Promise<number> {
  const entry = entryPoint('broker/server/main.js');
  const child = spawn(process.execPath, [entry, ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  return await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function nodeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text))
    throw new HarnessError('usage', `--id must be a whole number from 1, got "${text}"`);
  return Number(text);
}

function peer(text: string): { id: number; clientAddress: string } {
  const match = /^([1-9]\d*)=(.+:\d+)$/.exec(text);
  if (match === null)
    throw new HarnessError('usage', `--peer must look like 2=127.0.0.1:7080, got "${text}"`);
  return { id: Number(match[1]), clientAddress: match[2]! };
}
