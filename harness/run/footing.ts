import { housings } from '../cluster/kinds.ts';
import type { NodeProgram } from '../cluster/node-program.ts';
import { chooseStorage, type StorageChoice } from '../cluster/process/storage/choose.ts';
import type { Driver } from '../driver/driver.ts';
import { brokerOf } from '../driver/registry.ts';
import { HarnessError } from '../errors.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { allowedStorage } from '../scenario/semantics.ts';
import { vocabulary } from '../vocabulary.ts';
import { findGround, type Ground } from './open-cluster.ts';
import { refusalOf } from './refusal.ts';
import type { RunOptions } from './run-types.ts';

/** All that a run stands on, found before anything is started. */
export interface Footing {
  readonly driver: Driver;
  readonly program: NodeProgram;
  readonly storage: StorageChoice;
  readonly ground: Ground;
}

/**
 * Looks whether this broker, on this machine, can do what is planned. Rejects with a HarnessError
 * `usage` or `environment` in one sentence; leaves nothing behind but images that it built.
 */
export async function findFooting(
  plan: Plan,
  options: Pick<RunOptions, 'target' | 'cluster' | 'outputDirectory' | 'nodeMain' | 'nodeImage'> & {
    readonly onBuild: (what: string) => void;
  },
): Promise<Footing> {
  const { target, cluster, outputDirectory, nodeMain, nodeImage, onBuild } = options;
  const broker = brokerOf(target);
  const driver = await broker.driver();
  const { replayable, competingConsumers, groups } = driver.capabilities;
  const keeps = replayable || competingConsumers || groups;
  if (!keeps || broker.program === undefined) {
    throw new HarnessError(
      'usage',
      `the driver "${target}" keeps no messages, so there is nothing to judge; choose another --target`,
    );
  }
  const words = vocabulary();
  const { scenario } = plan;
  const refusal = refusalOf(broker, plan, words);
  if (refusal !== undefined) throw new HarnessError('usage', refusal);
  const program = await broker.program({
    topic: scenario.topic,
    ...(nodeMain === undefined ? {} : { file: nodeMain }),
  });
  if (housings[cluster] === 'process') await program.check();
  const storage = await chooseStorage({
    asked: scenario.storage.form,
    allowed: allowedStorage(scenario, words).filter((form) => broker.storage.includes(form)),
    directory: outputDirectory,
  });
  refuseOtherImages(options);
  const ground = await findGround(plan, {
    kind: cluster,
    storage: storage.form,
    program,
    nodeImage,
    onBuild,
  });
  return { driver, program, storage, ground };
}

function refuseOtherImages({
  nodeImage,
  nodeMain,
  cluster,
}: Pick<RunOptions, 'nodeImage' | 'nodeMain' | 'cluster'>): void {
  if (nodeImage === undefined) return;
  if (housings[cluster] !== 'container') {
    const sentence = `an image is for nodes in containers, and --cluster ${cluster} has none`;
    throw new HarnessError('usage', `${sentence}; use --cluster docker`);
  }
  if (nodeMain === undefined) return;
  const sentence = '--image and --node-main both say what a node is: leave one out';
  throw new HarnessError('usage', sentence);
}
