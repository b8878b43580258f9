import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadScenario } from './loader.ts';

const directory = mkdtempSync(join(tmpdir(), 'ackworth-loader-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const steady = {
  name: 'steady',
  question: 'How fast?',
  phases: [{ name: 'steady', duration: '5s' }],
};
const options = { registry: [steady], vocabulary: { faults: [], checks: [] }, directory };

async function load(file: string, text?: string) {
  if (text !== undefined) writeFileSync(join(directory, file), text);
  return loadScenario(`./${file}`, options);
}

const body = `{ name: 'mine', question: 'Mine?', phases: [{ name: 'a', duration: '1m30s' }] }`;

describe('a scenario', () => {
  test('is found by its name', async () => {
    const scenario = await loadScenario('steady', options);
    expect(scenario).toMatchObject({ name: 'steady', warmUp: 2000, workload: { size: 1024 } });
  });

  test('with a name that does not exist is refused with the nearest one', async () => {
    await expect(loadScenario('stedy', options)).rejects.toThrow(
      '"stedy" is not a known scenario; did you mean "steady"?',
    );
    await expect(loadScenario('earthquake', options)).rejects.toMatchObject({ code: 'usage' });
  });

  test('is read from a TypeScript file that imports defineScenario, wherever it lies', async () => {
    const text = `import { defineScenario, type ScenarioInput } from 'ackworth';\nconst mine: ScenarioInput = ${body};\nexport default defineScenario(mine);\n`;
    expect((await load('a.scenario.ts', text)).phases[0]?.duration).toBe(90_000);
  });

  test('is read from an export called scenario', async () => {
    expect((await load('b.scenario.mjs', `export const scenario = ${body};`)).name).toBe('mine');
  });

  test('is read from JavaScript of either kind', async () => {
    expect(
      (
        await load(
          'c.scenario.js',
          `import { defineScenario } from 'ackworth';\nexport default defineScenario(${body});`,
        )
      ).name,
    ).toBe('mine');
    expect((await load('d.scenario.cjs', `module.exports = ${body};`)).name).toBe('mine');
  });

  test('is read from JSON', async () => {
    expect((await load('e.scenario.json', JSON.stringify(steady))).name).toBe('steady');
  });

  test('is read anew after the file has changed', async () => {
    await load('f.scenario.ts', `export default ${body};`);
    const changed = await load('f.scenario.ts', `export default ${body.replace('mine', 'other')};`);
    expect(changed.name).toBe('other');
  });

  test('in a file that is wrong is refused with the file and the path in it', async () => {
    await expect(
      load('g.scenario.ts', `export default ${body.replace("'1m30s'", '5')};`),
    ).rejects.toThrow(
      'g.scenario.ts: phases[0].duration must be a duration such as "30s" or "200ms", got 5',
    );
  });

  test('in a file that exports none is refused', async () => {
    await expect(load('h.scenario.ts', 'export const other = 1;')).rejects.toThrow(
      'h.scenario.ts: exports no scenario: export it as default or as "scenario"',
    );
  });

  test('that is promised and not there yet is refused', async () => {
    await expect(load('p.scenario.ts', `export default Promise.resolve(${body});`)).rejects.toThrow(
      'p.scenario.ts: exports a promise of a scenario: await it in the file',
    );
  });

  test('in a file that does not compile or throws is refused in one line', async () => {
    for (const [file, text] of [
      ['i.scenario.ts', 'export default {{'],
      ['j.scenario.ts', 'throw new Error("boom");'],
    ] as const) {
      const error = await load(file, text).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'scenario' });
      expect((error as Error).message).toMatch(new RegExp(`^${file}: could not be loaded: .+$`));
    }
  });

  test('in a file that does not exist, or of a kind that cannot be one, is refused', async () => {
    await expect(load('nowhere.ts')).rejects.toThrow('./nowhere.ts does not exist');
    await expect(load('x.yaml', 'a: 1')).rejects.toThrow('its name must end in .ts');
  });
});
