import type Docker from 'dockerode';
import { givenFolder, type ContainerSpec } from './container-spec.ts';
import { archiveOf } from './image/archive.ts';
import { limitsAtStart } from './limits.ts';
import { folderLabel, keepFromLabel, keepIntoLabel, nameLabel, runLabel } from './labels.ts';

export interface CreateContainerOptions {
  readonly run: string;
  /** The run folder. */
  readonly folder: string;
  readonly name: string;
  /** From 1, of this name. */
  readonly life: number;
  readonly container: ContainerSpec;
}

const processesMax = 512;
/** Each check is a process that starts: rare, so that it costs a measurement nothing. */
const healthEveryMs = 30_000;
const healthMsMax = 5_000;
const nanosPerMs = 1e6;

/**
 * A container that can do no more than it must: an ordinary user, a root file system that cannot be
 * written, no capabilities, ports on loopback alone. It is connected and not started.
 */
export async function createContainer(
  docker: Docker,
  { run, folder, name, life, container }: CreateContainerOptions,
): Promise<Docker.Container> {
  const { image, command, environment, user, within, networkAdmin, networks, ports, data, keep } =
    container;
  const { limits, healthCheck, files = [] } = container;
  const [first, ...others] = networks;
  const labels = {
    [runLabel]: run,
    [nameLabel]: name,
    [folderLabel]: folder,
    ...(keep && { [keepFromLabel]: keep.from, [keepIntoLabel]: keep.into }),
  };
  const portKeys = ports.map((port) => `${port.container}/tcp`);
  const made = await docker.createContainer({
    name: containerName(run, name, life),
    Image: image,
    Cmd: [...command],
    Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
    ...(within === undefined ? { Hostname: name } : {}),
    User: user,
    Labels: labels,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: Object.fromEntries(portKeys.map((key) => [key, {}])),
    ...(healthCheck && {
      Healthcheck: {
        Test: ['CMD', ...healthCheck],
        Interval: healthEveryMs * nanosPerMs,
        Timeout: healthMsMax * nanosPerMs,
        Retries: 2,
      },
    }),
    HostConfig: {
      ...(limits && limitsAtStart(limits)),
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      // The packet filter keeps its lock there.
      ...(networkAdmin && { CapAdd: ['NET_ADMIN'], Tmpfs: { '/run': '' } }),
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: processesMax,
      // What it prints is kept in the run folder as it comes.
      LogConfig: { Type: 'none', Config: {} },
      NetworkMode:
        within === undefined
          ? (first?.name ?? 'none')
          : `container:${containerName(run, within, 1)}`,
      PortBindings: Object.fromEntries(
        ports.map(({ host }, index) => [
          portKeys[index]!,
          [{ HostIp: '127.0.0.1', HostPort: String(host) }],
        ]),
      ),
      Mounts: [
        ...(data ? [mountOf(data, run)] : []),
        ...(keep ? [volumeAt(keep.from, run)] : []),
        ...(files.length > 0 ? [volumeAt(givenFolder, run)] : []),
      ],
    },
    ...(first && {
      NetworkingConfig: { EndpointsConfig: { [first.name]: endpointAt(first.address) } },
    }),
  });
  try {
    for (const { name: network, address } of others) {
      const connection = { Container: made.id, EndpointConfig: endpointAt(address) };
      await docker.getNetwork(network).connect(connection);
    }
    if (files.length > 0) await give(made, files, user);
    return made;
  } catch (error) {
    await made.remove({ force: true, v: true }).catch(() => undefined);
    throw error;
  }
}

/** Into a volume, since the engine writes into no root file system that cannot be written. */
async function give(
  container: Docker.Container,
  files: NonNullable<ContainerSpec['files']>,
  user: string,
): Promise<void> {
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  const entries = files.map(({ name, text }) => ({ path: name, text, mode: 0o600, uid, gid }));
  await container.putArchive(archiveOf(entries), { path: givenFolder });
}

function mountOf(
  data: NonNullable<ContainerSpec['data']>,
  run: string,
): Docker.MountConfig[number] {
  const { target } = data;
  if ('folder' in data) return { Type: 'bind', Source: data.folder, Target: target };
  return volumeAt(target, run, data.volume);
}

/**
 * One without a name goes with its container. Each carries the label of the run, as everything
 * does: somebody may remove the container alone.
 */
function volumeAt(target: string, run: string, name = ''): Docker.MountConfig[number] {
  const VolumeOptions = {
    NoCopy: false,
    Labels: { [runLabel]: run },
    DriverConfig: { Name: 'local', Options: {} },
  };
  return { Type: 'volume', Source: name, Target: target, VolumeOptions };
}

function containerName(run: string, name: string, life: number): string {
  return `ackworth-${run}-${name}${life === 1 ? '' : `.${life}`}`;
}

function endpointAt(address: string): { readonly IPAMConfig: { readonly IPv4Address: string } } {
  return { IPAMConfig: { IPv4Address: address } };
}
