import { strict as assert } from 'node:assert';
import type { Link, LinkRule } from '../links.ts';

/** What all rules together do to one link. */
export interface LinkState {
  readonly cut: boolean;
  readonly delayMs: number;
  readonly jitterMs: number;
}

const open: LinkState = { cut: false, delayMs: 0, jitterMs: 0 };

export function linkKey({ from, to }: Link): string {
  return `${from}>${to}`;
}

/** The rules in force, and what they come to for each link. */
export class LinkRules {
  readonly #rules = new Map<string, LinkRule>();
  #states = new Map<string, LinkState>();

  get rules(): readonly LinkRule[] {
    return [...this.#rules.values()];
  }

  add(rule: LinkRule): void {
    assert(!this.#rules.has(rule.id), `a rule called "${rule.id}" is in force`);
    this.#rules.set(rule.id, rule);
    this.#compose();
  }

  /** The rule that is gone now; undefined when there was none. */
  remove(id: string): LinkRule | undefined {
    const rule = this.#rules.get(id);
    this.#rules.delete(id);
    this.#compose();
    return rule;
  }

  stateOf(link: Link): LinkState {
    return this.#states.get(linkKey(link)) ?? open;
  }

  #compose(): void {
    const states = new Map<string, LinkState>();
    for (const rule of this.#rules.values()) {
      for (const link of rule.links) {
        const key = linkKey(link);
        const state = states.get(key) ?? open;
        states.set(
          key,
          rule.kind === 'cut'
            ? { ...state, cut: true }
            : {
                ...state,
                delayMs: state.delayMs + rule.delayMs,
                jitterMs: state.jitterMs + rule.jitterMs,
              },
        );
      }
    }
    this.#states = states;
  }
}
