import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { HarnessError } from '../../../errors.ts';
import type { Supervisor } from '../../../supervisor/supervisor.ts';
import type { Site } from '../../links.ts';
import { filterExtensions } from '../image/gate-image.ts';
import type { BuiltImage } from '../image/image.ts';
import type { RunNetworks } from '../networks.ts';
import { FilteredLinks } from './filtered-links.ts';
import { GateClient } from './gate-client.ts';
import { gateName } from './gate-name.ts';
import { gatePort, gateTokenVariable } from './gate-protocol.ts';

export interface GatesOptions {
  readonly supervisor: Supervisor;
  readonly image: BuiltImage & { readonly main: string };
  readonly networks: RunNetworks;
  readonly sites: readonly Site[];
  /** Which port of a site is published. */
  readonly portOf: (site: Site) => number;
  readonly logDirectory: string;
}

const readyMsMax = 30_000;

/** The gates of a run, one for each site: up before the sites are, and for as long as the run. */
export class Gates {
  readonly links: FilteredLinks;
  readonly #ports: ReadonlyMap<string, number>;

  static async start(options: GatesOptions): Promise<Gates> {
    const { supervisor, image, networks, sites, portOf, logDirectory } = options;
    const ports = new Map<string, number>();
    const clients = new Map<string, GateClient>();
    await Promise.all(
      sites.map(async (site) => {
        const token = randomBytes(16).toString('hex');
        const on = (kind: 'client' | 'cluster') => ({
          name: networks.nameOf(kind),
          address: networks.addressOf(site.name, kind),
        });
        const name = gateName(site.name);
        const { ports: published } = await supervisor.contain({
          name,
          logFile: join(logDirectory, `${name}.log`),
          container: {
            image: image.tag,
            command: [image.main],
            environment: { [gateTokenVariable]: token, XTABLES_LIBDIR: filterExtensions },
            // A packet filter asks for root, which here may do nothing else.
            user: '0:0',
            networkAdmin: true,
            networks: site.kind === 'node' ? [on('client'), on('cluster')] : [on('client')],
            ports: [
              { container: gatePort, host: 0 },
              { container: portOf(site), host: 0 },
            ],
          },
        });
        await supervisor.firstLine(name, readyMsMax);
        const [control = 0, own = 0] = published;
        ports.set(site.name, own);
        clients.set(site.name, await GateClient.open({ site: site.name, port: control, token }));
      }),
    );
    const links = new FilteredLinks({ sites, networks, gates: clients });
    await links.watch();
    return new Gates(links, ports);
  }

  private constructor(links: FilteredLinks, ports: ReadonlyMap<string, number>) {
    this.links = links;
    this.#ports = ports;
  }

  /** Where the published port of a site is on this machine. */
  publishedOf(site: string): number {
    const port = this.#ports.get(site);
    if (port === undefined) throw new HarnessError('cluster', `there is no ${site} on the network`);
    return port;
  }
}
