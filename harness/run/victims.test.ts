import { expect, test } from 'vitest';
import type { SupervisedCluster } from '../cluster/supervised-cluster.ts';
import type { Roles, Session } from '../driver/driver.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import type { Fleet } from './fleet.ts';
import { resolveSite } from './victims.ts';

/** Whom a fault of this target hits, and which groups were asked about each time. */
async function hit(target: string, answers: readonly Roles[]) {
  const asked: (readonly string[] | undefined)[] = [];
  const roles: Session['roles'] = async (groups) => {
    asked.push(groups);
    return answers[Math.min(asked.length, answers.length) - 1]!;
  };
  const cluster = { nodes: 3, state: async () => 'running', container() {}, disk() {} };
  const { victims } = await resolveSite({ target, pick: 0, options: {} } as PlannedFault, {
    cluster: cluster as unknown as SupervisedCluster,
    fleet: {} as Fleet,
    session: { roles } as Session,
    groups: ['left', 'right'],
    inspect: () => Promise.reject(new Error('nothing is to be read')),
  });
  return { nodes: victims.map(({ number }) => number), asked };
}

const roles = { leaders: [2, 2], coordinator: 1 };

test('The leader of the groups is asked for by their names, until there is one', async () => {
  const answers = [
    { ...roles, groupLeaders: [0, 0] },
    { ...roles, groupLeaders: [3, 0] },
  ];
  const groups = ['left', 'right'];
  expect(await hit('group-leader', answers)).toEqual({ nodes: [3], asked: [groups, groups] });
});

test('Nobody asks who leads the groups where a fault is aimed at another', async () => {
  expect(await hit('leader', [roles])).toEqual({ nodes: [2], asked: [undefined] });
  expect(await hit('coordinator', [roles])).toEqual({ nodes: [1], asked: [undefined] });
});
