import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport, renderSuite } from './index.ts';
import { findLowContrast } from './testing/contrast.ts';
import * as records from './testing/records.ts';
import * as suites from './testing/suites.ts';

// The page as a reader has it: real Chromium, no network, with and without JavaScript.
const executablePath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path));
const required = (process.env.ACKWORTH_REQUIRE ?? '').split(/[\s,]+/).includes('chromium');

const pages = [
  'passWithTwoFaults',
  'failWithLostMessages',
  'inconclusiveSaturated',
  'hostileNames',
  'oneHour',
  'compare',
  'suiteDone',
  'suiteHalf',
  'suiteEverythingLost',
  'suiteViolation',
  'suiteAxes',
] as const;
type Name = (typeof pages)[number];
const make = { ...records };
const makeSuite = { ...suites };

async function pageOf(name: Name): Promise<string> {
  if (name === 'compare') {
    const runs = [records.passWithTwoFaults(7), records.failWithLostMessages(), records.shortRun()];
    return (await renderReport(runs)).html;
  }
  if (name in makeSuite) return (await renderSuite(makeSuite[name as keyof typeof suites]())).html;
  return (await renderReport([make[name as keyof typeof records]()])).html;
}

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };

let folder = '';
let browser: Browser;

test('Chromium is there where it is required', () => {
  expect(
    executablePath !== undefined || !required,
    'install chromium, or take it out of ACKWORTH_REQUIRE',
  ).toBe(true);
});

const title = `the page in Chromium${executablePath === undefined ? ' (skipped: none on this machine)' : ''}`;

describe.skipIf(executablePath === undefined)(title, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackworth-page-'));
    for (const name of pages) {
      await writeFile(join(folder, `${name}.html`), await pageOf(name));
    }
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: [
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a page, runs `look` on it, and fails on any error or request beyond the file itself. */
  async function visit<T>(
    name: Name,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<T>,
  ): Promise<T> {
    const context = await browser.newContext({ viewport: desktop, offline: true, ...options });
    const complaints: string[] = [];
    try {
      const page = await context.newPage();
      const address = pathToFileURL(join(folder, `${name}.html`)).href;
      page.on('console', (message) => complaints.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (request.url() !== address && !request.url().startsWith('data:'))
          complaints.push(`request: ${request.url()}`);
      });
      await page.goto(address);
      const seen = await look(page);
      expect(complaints).toEqual([]);
      return seen;
    } finally {
      await context.close();
    }
  }

  describe.each([{ javaScriptEnabled: false }, { javaScriptEnabled: true }])('%o', (options) => {
    test.each([
      'passWithTwoFaults',
      'failWithLostMessages',
      'compare',
      'suiteDone',
      'suiteHalf',
      'suiteViolation',
    ] as const)('%s shows its verdict in the first screen', async (name) => {
      const { box, text } = await visit(name, options, async (page) => {
        const heading = page.locator('h1');
        return { box: await heading.boundingBox(), text: await heading.innerText() };
      });
      expect(text).toMatch(/^(PASS|FAIL|INCONCLUSIVE)\. |(pass|fails)\b/);
      expect(box!.y).toBeGreaterThanOrEqual(0);
      expect(box!.y + box!.height).toBeLessThan(desktop.height);
    });
  });

  test('the first screen also holds the key figures and the timeline of faults', async () => {
    const bottoms = await visit('passWithTwoFaults', { javaScriptEnabled: false }, async (page) => {
      const boxes = [
        await page.locator('.figures').boundingBox(),
        await page.locator('header svg').first().boundingBox(),
      ];
      return boxes.map((box) => box!.y + box!.height);
    });
    expect(Math.max(...bottoms)).toBeLessThan(desktop.height);
  });

  test('the first screen of a suite also holds its table of modes, paragraph and all', async () => {
    const box = await visit('suiteDone', { javaScriptEnabled: false }, (page) =>
      page.locator('table.modes').boundingBox(),
    );
    expect(box!.y + box!.height).toBeLessThan(desktop.height);
  });

  test.each(pages.flatMap((name) => [phone, desktop].map((viewport) => ({ name, viewport }))))(
    '$name has no horizontal overflow at $viewport.width pixels',
    async ({ name, viewport }) => {
      const wide = await visit(name, { viewport }, (page) =>
        page.evaluate('document.documentElement.scrollWidth'),
      );
      expect(wide).toBeLessThanOrEqual(viewport.width);
    },
  );

  test.each(
    pages.flatMap((name) =>
      (['light', 'dark'] as const).map((colorScheme) => ({ name, colorScheme })),
    ),
  )(
    '$name is readable in $colorScheme: every text has a contrast of 4.5 or more',
    async ({ name, colorScheme }) => {
      const { texts, low } = await visit(name, { colorScheme }, async (page) => {
        await page.evaluate(
          "document.querySelectorAll('details').forEach((each) => { each.open = true; })",
        );
        return page.evaluate(findLowContrast, 4.5);
      });
      expect(texts).toBeGreaterThan(100);
      expect(low).toEqual([]);
    },
  );

  test('the contrast walker finds text that is too faint, in HTML and in a drawing', async () => {
    const { low } = await visit('passWithTwoFaults', {}, async (page) => {
      await page.addStyleTag({ content: 'h2{color:#999}svg text{fill:#aaa}' });
      return page.evaluate(findLowContrast, 4.5);
    });
    expect(low.some((text) => text.includes('Checks'))).toBe(true);
    expect(low.some((text) => text.includes('leader-kill'))).toBe(true);
  });

  test('dark is dark and light is light, in page and charts alike', async () => {
    const colours = async (colorScheme: 'light' | 'dark'): Promise<unknown> =>
      visit('passWithTwoFaults', { colorScheme }, (page) =>
        page.evaluate(
          "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('#throughput svg text')).fill]",
        ),
      );
    expect(await colours('light')).toEqual(['rgb(253, 253, 251)', 'rgb(92, 98, 104)']);
    expect(await colours('dark')).toEqual(['rgb(21, 24, 27)', 'rgb(164, 169, 174)']);
  });

  test('on paper every section is there, light, with its charts whole', async () => {
    const printed = await visit('failWithLostMessages', { colorScheme: 'dark' }, async (page) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      return page.evaluate(`({
        background: getComputedStyle(document.body).color,
        hidden: [...document.querySelectorAll('section')].filter((each) => each.getBoundingClientRect().height < 20).map((each) => each.id),
        sections: document.querySelectorAll('section').length,
        clipped: [...document.querySelectorAll('.chart')].filter((each) => getComputedStyle(each).overflowX !== 'visible').length,
        nav: getComputedStyle(document.querySelector('nav')).display,
      })`);
    });
    expect(printed).toEqual({
      background: 'rgb(27, 30, 33)',
      hidden: [],
      sections: 12,
      clipped: 0,
      nav: 'none',
    });
  });

  test.each(pages)('%s loses no column of a table on paper', async (name) => {
    // A4 between its margins.
    const paper = { viewport: { width: 688, height: 1000 } };
    const cut = await visit(name, paper, async (page) => {
      await page.emulateMedia({ media: 'print' });
      return page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.ariaLabel)",
      );
    });
    expect(cut).toEqual([]);
  });

  test('the keyboard reaches the details by a skip link, and headings go down by one', async () => {
    const { focused, levels } = await visit('passWithTwoFaults', {}, async (page) => {
      await page.keyboard.press('Tab');
      return {
        focused: await page.evaluate('document.activeElement.textContent'),
        levels: (await page.evaluate(
          "[...document.querySelectorAll('h1,h2,h3')].map((each) => Number(each.tagName[1]))",
        )) as number[],
      };
    });
    expect(focused).toBe('Skip to the details');
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) =>
      expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1),
    );
  });

  test('a policy stands against any script that might slip in', async () => {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, 'hostileNames.html')).href);
    await page.evaluate(
      "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = 1\">')",
    );
    await page.waitForTimeout(100);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    await context.close();
  });
});
