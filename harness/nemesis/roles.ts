import type { Roles } from '../driver/driver.ts';
import { namedNodes } from '../scenario/targets.ts';

/** Every node of several that are named together; undefined for a role, which one node holds. */
export function nodesOfTarget(target: string, candidates: readonly number[]): number[] | undefined {
  if (target === 'all-nodes') return [...candidates];
  const named = namedNodes(target);
  return named.length === 0 ? undefined : named.filter((node) => candidates.includes(node));
}

/**
 * Who holds a role now. `pick` in [0, 1) chooses among equals, so that a plan's choice is its
 * seed's, as far as the cluster's own elections allow. Undefined when nobody does.
 */
export function nodeOfRole(
  role: string,
  roles: Roles,
  candidates: readonly number[],
  pick: number,
): number | undefined {
  switch (role) {
    case 'coordinator':
      return candidates.find((node) => node === roles.coordinator);
    case 'leader':
      return choose(leadersOfMost(roles.leaders, candidates), pick);
    case 'group-leader':
      return choose(leadersOfMost(roles.groupLeaders ?? [], candidates), pick);
    case 'follower': {
      const leader = choose(leadersOfMost(roles.leaders, candidates), pick);
      if (leader === undefined) return undefined;
      const others = candidates.filter((node) => node !== leader);
      const least = Math.min(...others.map((node) => ledBy(node, roles.leaders)));
      return choose(
        others.filter((node) => ledBy(node, roles.leaders) === least),
        pick,
      );
    }
    default:
      return choose(candidates, pick);
  }
}

/** The nodes that lead the most; none while no leader is known. */
function leadersOfMost(leaders: readonly number[], candidates: readonly number[]): number[] {
  const most = Math.max(...candidates.map((node) => ledBy(node, leaders)));
  return most > 0 ? candidates.filter((node) => ledBy(node, leaders) === most) : [];
}

function ledBy(node: number, leaders: readonly number[]): number {
  return leaders.filter((leader) => leader === node).length;
}

export function choose<T>(candidates: readonly T[], pick: number): T | undefined {
  return candidates[Math.floor(pick * candidates.length)];
}
