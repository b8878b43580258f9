import { engineEndpoint } from '../../cluster/docker/endpoint.ts';
import { dockerAt, openEngine } from '../../cluster/docker/engine.ts';
import { build, provideImage } from '../../cluster/docker/image/image.ts';
import { nodeEntry } from '../../driver/reference/program.ts';
import { entryPoint } from '../../entry-point.ts';

/** An image that differs from the harness's own in what it starts. */
export async function makeImageOf(tag: string, entry: (path: string) => string): Promise<void> {
  const engine = await openEngine(engineEndpoint());
  const main = entryPoint(nodeEntry);
  const { tag: from, pathOf } = await provideImage(engine, [main], () => undefined);
  const text = `FROM ${from}\nENTRYPOINT ${entry(pathOf(main))}\n`;
  await build(engine.docker, tag, [{ path: 'Dockerfile', text }]);
}

export async function removeImage(tag: string): Promise<void> {
  const image = dockerAt(engineEndpoint()).getImage(tag);
  await image.remove().catch(() => undefined);
}
