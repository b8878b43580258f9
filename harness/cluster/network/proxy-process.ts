import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryPoint } from '../../entry-point.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { ProxyConfig } from './protocol.ts';
import { proxiesName, type ProxyHome } from './proxied-network.ts';
import { loopback } from './proxies.ts';

const readyMsMax = 30_000;

/** Proxies in a process of this machine, on loopback. */
export function proxyProcess(options: {
  readonly supervisor: Supervisor;
  /** Takes the configuration and the log of the process. */
  readonly directory: string;
}): ProxyHome {
  const { supervisor, directory } = options;
  return {
    hostOf: () => loopback,
    async start(given) {
      const config: ProxyConfig = { ...given, control: { host: loopback, port: 0 } };
      const file = join(directory, `${proxiesName}.json`);
      writeFileSync(file, `${JSON.stringify(config)}\n`, { mode: 0o600 });
      await supervisor.spawn({
        name: proxiesName,
        command: process.execPath,
        arguments: [entryPoint('harness/cluster/network/main.js'), file],
        logFile: join(directory, `${proxiesName}.log`),
      });
      return await supervisor.firstLine(proxiesName, readyMsMax);
    },
  };
}
