import { describe, expect, test } from 'vitest';
import type { Link, Site } from '../cluster/links.ts';
import { linksAround, severedLinks, type LinkChoice } from './severed-links.ts';

const nodes = (count: number): Site[] =>
  Array.from({ length: count }, (_, index) => ({ name: `node-${index + 1}`, kind: 'node' }));
const clients = (beside: (number | undefined)[]): Site[] =>
  beside.map((node, index) => ({
    name: `producer-${index + 1}`,
    kind: 'client',
    ...(node !== undefined && { besideNode: `node-${node}` }),
  }));

const text = (links: readonly Link[]): string[] =>
  links
    .map(({ from, to }) => `${from}>${to}`.replaceAll('node-', 'n').replaceAll('producer-', 'p'))
    .toSorted();
const all: LinkChoice = { direction: 'both', from: 'others' };

describe('cut off from the others', () => {
  const sites = [...nodes(3), ...clients([undefined])];

  test('both ways, nodes and clients', () => {
    expect(text(severedLinks(['node-1'], sites, all))).toEqual([
      'n1>n2',
      'n1>n3',
      'n1>p1',
      'n2>n1',
      'n3>n1',
      'p1>n1',
    ]);
  });

  test('one way only, as the victim sees it', () => {
    expect(text(severedLinks(['node-1'], sites, { ...all, direction: 'in' }))).toEqual([
      'n2>n1',
      'n3>n1',
      'p1>n1',
    ]);
    expect(text(severedLinks(['node-1'], sites, { ...all, direction: 'out' }))).toEqual([
      'n1>n2',
      'n1>n3',
      'n1>p1',
    ]);
  });

  test('from nodes alone, or from clients alone', () => {
    expect(text(severedLinks(['node-1'], sites, { direction: 'out', from: 'nodes' }))).toEqual([
      'n1>n2',
      'n1>n3',
    ]);
    expect(text(severedLinks(['node-1'], sites, { direction: 'out', from: 'clients' }))).toEqual([
      'n1>p1',
    ]);
  });

  test('never among the victims', () => {
    const choice = { direction: 'out', from: 'others' } as const;
    expect(text(severedLinks(['node-1', 'node-2'], sites, choice))).toEqual([
      'n1>n3',
      'n1>p1',
      'n2>n3',
      'n2>p1',
    ]);
  });

  test('from named peers alone: a partial partition', () => {
    const choice = { direction: 'out', from: 'others', peers: ['node-3'] } as const;
    expect(text(severedLinks(['node-1'], sites, choice))).toEqual(['n1>n3']);
  });

  test('a client that is cut off from the nodes', () => {
    expect(text(severedLinks(['producer-1'], sites, { direction: 'in', from: 'nodes' }))).toEqual([
      'n1>p1',
      'n2>p1',
      'n3>p1',
    ]);
  });

  test('is refused where there is nobody to be cut off from, or a peer does not exist', () => {
    expect(() => severedLinks(['node-1'], nodes(1), all)).toThrow('nobody to be cut off from');
    expect(() => severedLinks(['node-1'], sites, { ...all, peers: ['node-7'] })).toThrow(
      'there is no node-7',
    );
  });
});

describe('clients beside nodes', () => {
  const sites = [...nodes(3), ...clients([1, 2, 3])];

  test('are cut off with their node from the other nodes, and never from their own', () => {
    const cut = text(severedLinks(['node-1'], sites, { direction: 'out', from: 'nodes' }));
    expect(cut).toEqual(['n1>n2', 'n1>n3', 'n1>p2', 'n1>p3', 'p1>n2', 'p1>n3']);
  });

  test('make no difference between the others and the nodes', () => {
    expect(text(severedLinks(['node-1'], sites, all))).toEqual(
      text(severedLinks(['node-1'], sites, { direction: 'both', from: 'nodes' })),
    );
  });

  test('keep their own node when it is cut off from clients', () => {
    expect(text(severedLinks(['node-1'], sites, { direction: 'in', from: 'clients' }))).toEqual([
      'p2>n1',
      'p3>n1',
    ]);
  });

  test('follow the peers of a partial partition', () => {
    const choice = { direction: 'in', from: 'others', peers: ['node-3'] } as const;
    expect(text(severedLinks(['node-1'], sites, choice))).toEqual(['n3>n1', 'n3>p1', 'p3>n1']);
  });
});

describe('a bridge', () => {
  test('is the one way between two halves, for the clients beside them too', () => {
    const cut = text(linksAround(['node-2'], [...nodes(5), ...clients([1, 2, 5])]));
    expect(cut).toEqual(
      [
        ['n1', 'n3'].flatMap((a) => ['n4', 'n5'].flatMap((b) => [`${a}>${b}`, `${b}>${a}`])),
        ['p1>n4', 'p1>n5', 'n4>p1', 'n5>p1', 'p3>n1', 'p3>n3', 'n1>p3', 'n3>p3'],
      ]
        .flat()
        .toSorted(),
    );
  });

  test('needs two nodes to join', () => {
    expect(() => linksAround(['node-1'], nodes(2))).toThrow('at least two nodes');
  });
});
