import { complaintError, explain } from './explain.ts';
import { scenarioSchema, type Scenario, type ScenarioInput } from './schema.ts';
import { contradictions, type Vocabulary } from './semantics.ts';

/**
 * Validates what a person wrote. `source` is the file or name that the sentences begin with.
 * Throws a HarnessError `scenario` with one sentence per wrong field.
 */
export function parseScenario(input: unknown, source: string, vocabulary: Vocabulary): Scenario {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw complaintError(source, [{ path: [], text: 'holds no scenario: it must be an object' }]);
  }
  const parsed = scenarioSchema.safeParse(input);
  if (!parsed.success) throw complaintError(source, explain(scenarioSchema, input, parsed.error));
  return checkScenario(
    asUsual(parsed.data, input as ScenarioInput, vocabulary),
    source,
    vocabulary,
  );
}

/** What `input` leaves open, as the target does it. */
function asUsual(
  scenario: Scenario,
  input: ScenarioInput,
  { usualRate, usualDrain }: Vocabulary,
): Scenario {
  const { workload, drain } = scenario;
  const rate = namesRate(input) ? workload.rate : (usualRate ?? workload.rate);
  return {
    ...scenario,
    workload: { ...workload, rate },
    drain: input.drain === undefined ? (usualDrain ?? drain) : drain,
  };
}

/** Also by what only means something beside a rate: another one would make another question of it. */
function namesRate({ workload, phases, limits }: ScenarioInput): boolean {
  const arrivals = [workload?.arrival, ...phases.map(({ arrival }) => arrival)];
  return (
    [workload, ...phases].some((one) => one?.rate !== undefined) ||
    limits?.ackedRateMin !== undefined ||
    arrivals.some((arrival) => arrival?.kind === 'ramp' || arrival?.kind === 'step')
  );
}

/** Throws when fields contradict each other; returns the scenario. */
export function checkScenario(
  scenario: Scenario,
  source: string,
  vocabulary: Vocabulary,
): Scenario {
  const complaints = contradictions(scenario, vocabulary);
  if (complaints.length > 0) throw complaintError(source, complaints);
  return scenario;
}
