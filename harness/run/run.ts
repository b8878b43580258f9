import { cleanContainers } from '../clean/clean.ts';
import { HarnessError } from '../errors.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { describeEnvironment } from '../measure/environment.ts';
import { probeEnvironment } from '../measure/probes.ts';
import type { EnvironmentProbe, RunRecord } from '../record/record.ts';
import { makePlan } from '../scenario/plan.ts';
import { ownIdentity } from '../supervisor/process-table.ts';
import { version } from '../version.ts';
import { vocabulary } from '../vocabulary.ts';
import { Conductor } from './conductor.ts';
import { judgeRun } from './judge-run.ts';
import { findFooting } from './footing.ts';
import { linksNeeded } from './network-sites.ts';
import { writeFacts, type RunFacts } from './run-facts.ts';
import { createRunFolder } from './run-folder.ts';
import type { RunOptions, RunResult } from './run-types.ts';

/**
 * Scenario -> plan -> run -> history and measurements -> verdicts -> record. Resolves with the
 * record, whatever its verdict; rejects with a HarnessError when there was nothing to judge: the
 * cluster did not come up, the folder cannot be written, the machine lacks what is asked for. Leaves no process and, unless asked to, no
 * data behind. `plan.json` and `run.json` are written before anything is started.
 */
export async function runScenario(options: RunOptions): Promise<RunResult> {
  const { scenario, seed, target, cluster, signal, onProgress } = options;
  const beganNanos = monotonicNanos();
  const plan = makePlan(scenario, { seed, target, cluster, vocabulary: vocabulary() });
  const footing = await findFooting(plan, {
    ...options,
    onBuild: (what) => onProgress({ type: 'stage', stage: 'starting', detail: what }),
  });
  const { storage, ground } = footing;
  if (ground.caveat !== '') onProgress({ type: 'note', text: ground.caveat });
  if (cluster === 'docker') await cleanBefore(options);
  const startedAt = new Date();
  const folder = createRunFolder(options, plan, startedAt);
  const { directory } = folder;
  let facts: RunFacts = {
    version: 1,
    id: folder.id,
    startedAt: startedAt.toISOString(),
    endedAt: null,
    harness: ownIdentity(),
    ackworth: version,
    command: options.command,
    target: { name: target, version: '', config: {} },
    environment: { ...describeEnvironment(directory), probes: { before: null, after: null } },
    cluster: {
      storage: storage.form,
      network: linksNeeded(plan) === undefined ? 'direct' : ground.linksBy,
      note: [storage.note, ground.description, ground.caveat]
        .filter((part) => part !== '')
        .join('; '),
    },
    timing: { beganNanos, tearDownMs: null },
    exposures: {},
    problems: [],
  };
  const keep = (change: Partial<RunFacts>): void => {
    facts = { ...facts, ...change };
    writeFacts(directory, facts);
  };
  /** While a run goes on: what finds no room now is written with the next that does. */
  const keepLater = (change: Partial<RunFacts>): void => {
    try {
      keep(change);
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
    }
  };
  const keepProbe = (when: 'before' | 'after', probe: EnvironmentProbe): void => {
    const { environment } = facts;
    keep({ environment: { ...environment, probes: { ...environment.probes, [when]: probe } } });
  };
  const probe = async (): Promise<EnvironmentProbe> => {
    onProgress({ type: 'stage', stage: 'probing', detail: '' });
    return await probeEnvironment(directory);
  };
  keep({});
  keepProbe('before', options.probe ?? (await probe()));
  const conductor = new Conductor({
    run: options,
    plan,
    folder,
    ...footing,
    onTarget: (described) => keepLater({ target: withProgram(described, options) }),
    onExposure: (fault, measured) =>
      keepLater({ exposures: { ...facts.exposures, [fault]: measured } }),
    onUsage: (resources) => keepLater({ resources }),
    onClock: (clock) => keepLater({ clock }),
    onTornDown: (tearDownMs) => keepLater({ timing: { beganNanos, tearDownMs } }),
    onProblem: (sentence) => keepLater({ problems: [...facts.problems, sentence] }),
  });
  try {
    await conductor.conduct();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `the run could not begin: ${reason}`;
    keepLater({ endedAt: new Date().toISOString(), problems: [...facts.problems, problem] });
    throw error;
  }
  if (!signal.aborted && options.probe === undefined) {
    try {
      keepProbe('after', await probe());
    } catch (error) {
      // The run is over and can be judged without.
      if (!(error instanceof HarnessError)) throw error;
    }
  }
  keep({ endedAt: new Date().toISOString() });
  onProgress({ type: 'stage', stage: 'judging', detail: '' });
  return { directory, record: await judgeRun(directory) };
}

/** What a killed run still holds on an engine is removed by the next one, which says so. */
async function cleanBefore({ outputDirectory, onProgress }: RunOptions): Promise<void> {
  for (const leftover of await cleanContainers(outputDirectory)) {
    const { run, containers, networks, mounts, problems } = leftover;
    const held = [`${containers.length} containers`, `${networks.length} networks`];
    const left =
      mounts.length === 0
        ? held.join(' and ')
        : `${held.join(', ')} and ${mounts.length} file systems`;
    const text = `${run} was killed and had left ${left}, which were removed`;
    onProgress({ type: 'note', text: [text, ...problems].join('; ') });
  }
}

/** A cluster of other nodes than the broker's own must not pass for one of them. */
function withProgram(
  target: RunRecord['target'],
  { nodeMain, nodeImage }: Pick<RunOptions, 'nodeMain' | 'nodeImage'>,
): RunRecord['target'] {
  const other = { ...(nodeMain && { nodeMain }), ...(nodeImage && { nodeImage }) };
  return { ...target, config: { ...target.config, ...other } };
}
