import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { extract, type Headers } from 'tar-stream';
import { describeCluster } from '../../cluster/cluster.contract.ts';
import { engineEndpoint } from '../../cluster/docker/endpoint.ts';
import { dockerAt, openEngine } from '../../cluster/docker/engine.ts';
import { provideServerImage } from '../../cluster/docker/image/server-image.ts';
import { clusterOnEngine } from '../../cluster/docker/testing/cluster-on-engine.ts';
import { whyNoEngine } from '../../cluster/docker/testing/why-no-engine.ts';
import { containerUser } from '../../cluster/docker/user.ts';
import { natsContained } from './contained.ts';
import { natsProgram } from './program.ts';
import { whyNoServer } from './testing/why-no-server.ts';

const missing = (await whyNoEngine()) ?? (await whyNoServer());
const topic = { flush: 'os', flushInterval: 100 } as const;
const run = `nats-${process.pid}`;

describe.skipIf(missing !== undefined)(
  `NATS in containers${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    describeCluster('NATS on Docker', async () => {
      const { cluster, close: end } = await clusterOnEngine(run, {
        program: natsProgram({ topic }),
      });
      const close = async (): Promise<void> => expect(await end()).toEqual([]);
      return { cluster, close };
    });

    test('finds its configuration where its user alone may read it, and takes it along', async () => {
      const docker = dockerAt(engineEndpoint());
      const { cluster, close } = await clusterOnEngine(`${run}-given`, {
        program: natsProgram({ topic }),
      });
      await cluster.up();
      const container = docker.getContainer(`ackworth-${run}-given-node-1`);
      const { Mounts, Config } = await container.inspect();
      const given = Mounts.find(({ Destination }) => Destination === '/given')!;
      expect(JSON.stringify(Config)).not.toContain('secret');
      const archive = extract();
      (await container.getArchive({ path: '/given/node-1.conf' })).pipe(archive);
      const [{ uid, gid, mode }] = (await once(archive, 'entry')) as [Headers];
      expect(`${uid}:${gid}`).toBe(containerUser());
      expect(mode! & 0o777).toBe(0o600);
      expect(await close()).toEqual([]);
      await expect(docker.getVolume(given.Name!).inspect()).rejects.toThrow(/no such volume/i);
    });

    test('is started from an image that is made once', async () => {
      const engine = await openEngine(engineEndpoint());
      const source = await natsContained({ topic }).source();
      if ('main' in source) throw new Error('it is no program of this installation');
      const provide = async (): Promise<{ tag: string; made: string[] }> => {
        const made: string[] = [];
        const { tag } = await provideServerImage(engine, source.server, (what) => made.push(what));
        return { tag, made };
      };
      const { tag } = await provide();
      expect(tag).toMatch(/^ackworth-nats-server:[0-9a-f]{16}-(?:official|local)$/);
      expect(await provide()).toEqual({ tag, made: [] });
      const { Config } = await engine.docker.getImage(tag).inspect();
      expect(Config.Entrypoint).toEqual(['/nats-server']);
    });

    test('says in one sentence why there is no image of it', async () => {
      const engine = await openEngine(engineEndpoint());
      const lacking = 'there is no nats-server on the PATH: install one';
      const server = { name: 'nats-server', version: '0.0.0', file: { lacking } };
      const provide = (more: { official?: string }): Promise<unknown> =>
        provideServerImage(engine, { ...server, ...more }, () => undefined);
      // No registry answers there.
      await expect(provide({ official: '127.0.0.1:1/nats:0.0.0' })).rejects.toThrow(
        /^there is no image of nats-server: 127\.0\.0\.1:1\/nats:0\.0\.0 cannot be had \(.*\), and there is no nats-server on the PATH: install one$/,
      );
      await expect(provide({})).rejects.toThrow(`there is no image of nats-server: ${lacking}`);
    });
  },
);
