import { describe, expect, test } from 'vitest';
import { escapeMarkup, html, trusted } from './markup.ts';

describe('the html template', () => {
  test('escapes every value, in text and in attributes', () => {
    expect(html`<a title="${'"\'<&>'}">${'<script>'}</a>`.text).toBe(
      '<a title="&quot;&#39;&lt;&amp;&gt;">&lt;script&gt;</a>',
    );
  });

  test('leaves markup as it is, joins lists, and drops what is absent', () => {
    expect(html`${[html`<b>${1}</b>`, '<']}${undefined}${false}${trusted('<i>')}`.text).toBe(
      '<b>1</b>&lt;<i>',
    );
  });

  test('replaces what XML does not allow', () => {
    expect(escapeMarkup('a\u0000\u0007b\tc\n\ufffe\ud800 \u{1f600}')).toBe(
      'a\ufffd\ufffdb\tc\n\ufffd\ufffd \u{1f600}',
    );
  });
});
