import { join } from 'node:path';
import { entryPoint } from '../../../entry-point.ts';
import type { Supervisor } from '../../../supervisor/supervisor.ts';
import type { Site } from '../../links.ts';
import type { ProxyConfig } from '../../network/protocol.ts';
import { proxiesName, type ProxyHome } from '../../network/proxied-network.ts';
import { proxyEntry, type ProgramImage } from '../image/image.ts';
import type { NetworkKind, RunNetworks } from '../networks.ts';
import { containerUser } from '../user.ts';
import { networkOf } from './network-of.ts';

export interface ProxyContainerOptions {
  readonly supervisor: Supervisor;
  readonly image: ProgramImage;
  readonly networks: RunNetworks;
  readonly sites: readonly Site[];
  readonly logDirectory: string;
}

const controlPort = 7001;
const configVariable = 'ACKWORTH_NETWORK';
const readyMsMax = 30_000;

/**
 * Proxies in a container of their own on both networks of a run: on each they are dialled at their
 * address there, by the sites of that network, and dial on in it.
 */
export function proxyContainer(options: ProxyContainerOptions): ProxyHome {
  const { supervisor, image, networks, sites, logDirectory } = options;
  const on = (kind: NetworkKind) => ({
    name: networks.nameOf(kind),
    address: networks.addressOf(proxiesName, kind),
  });
  return {
    hostOf: (link) => on(networkOf(sites, link)).address,
    async start(given) {
      const config: ProxyConfig = { ...given, control: { host: '0.0.0.0', port: controlPort } };
      const { ports } = await supervisor.contain({
        name: proxiesName,
        logFile: join(logDirectory, `${proxiesName}.log`),
        container: {
          image: image.tag,
          command: [image.pathOf(entryPoint(proxyEntry)), '--config-env', configVariable],
          environment: { [configVariable]: JSON.stringify(config) },
          user: containerUser(),
          networks: [on('client'), on('cluster')],
          ports: [{ container: controlPort, host: 0 }],
        },
      });
      await supervisor.firstLine(proxiesName, readyMsMax);
      return `127.0.0.1:${ports[0] ?? 0}`;
    },
  };
}
