/**
 * The public edge of the harness: what a scenario file, a program that runs scenarios by itself,
 * or a new driver, fault or checker needs.
 */
export { HarnessError, type HarnessErrorCode } from './errors.ts';
export { loadScenario, type LoadOptions } from './scenario/loader.ts';
export { withOverrides, type Overrides } from './scenario/overrides.ts';
export { parseScenario } from './scenario/parse.ts';
export { makePlan, planText, type PlanOptions } from './scenario/plan.ts';
export type * from './scenario/plan-types.ts';
export { defineScenario, type Scenario, type ScenarioInput } from './scenario/schema.ts';
export type { FaultWord, Vocabulary } from './scenario/semantics.ts';
