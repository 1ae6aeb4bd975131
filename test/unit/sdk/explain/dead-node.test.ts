/** What is said of a node that has died, before Kubernetes notices. */
import { orderCandidates } from '@metallb-l2/sdk/election';
import { explain } from '../../../../sdk/src/explain/explain.js';
import type { ExplainFacts } from '../../../../sdk/src/explain/facts.js';
import { healthy, lease, read, status } from './facts.ts';

const [first = '', second = '', third = ''] = orderCandidates(['a', 'b', 'c'], '10.0.0.1');

/** Announced by `node` since this second of the minute; the Leases of the nodes were renewed at theirs. */
function facts(node: string, since: number, renewed: Readonly<Record<string, number>>): ExplainFacts {
  const announcedSince = new Date(Date.UTC(2026, 0, 1, 0, 0, since)).toISOString();
  return healthy({
    statuses: read(status(node, { announcedSince })),
    nodeLeases: read(...Object.entries(renewed).map(([name, at]) => lease(name, at))),
  });
}

const checkOf = (given: ExplainFacts, wanted: string) =>
  explain(given).checks.find(({ check }) => check === wanted);

describe('a node that was elected and has died, while its pods still count as ready', () => {
  it('is not said to be the one that should announce what another has taken over', () => {
    const given = facts(second, 12, { [first]: 10, [second]: 14, [third]: 15 });
    const { checks, node, verdict } = explain(given);
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(node).toBe(second);
    expect(verdict).not.toContain('wrong');
    expect(checkOf(given, 'election')?.message).toBe(
      `${second} is elected for 10.0.0.1 among a, b and c without ${first}, of which nothing has been heard since ${second} took over.`,
    );
  });

  it('may have died together with the next one', () => {
    const given = facts(third, 12, { [first]: 10, [second]: 11, [third]: 15 });
    expect(explain(given).checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(checkOf(given, 'election')?.message).toContain(`without ${first} and ${second}, of which`);
  });

  it('is so no longer when it has been heard of since', () => {
    const given = facts(second, 12, { [first]: 13, [second]: 14, [third]: 15 });
    expect(checkOf(given, 'status')).toMatchObject({ ok: false, reason: 'statusOfOtherNode' });
  });

  it('is no excuse for a node that would not be elected without it either', () => {
    const given = facts(third, 12, { [first]: 10, [second]: 14, [third]: 15 });
    expect(checkOf(given, 'status')).toMatchObject({ ok: false, reason: 'statusOfOtherNode' });
  });

  it('is not known of where nobody renews the Leases', () => {
    const given = facts(second, 50, { [first]: 10, [second]: 14, [third]: 15 });
    expect(checkOf(given, 'status')).toMatchObject({ ok: false, reason: 'statusOfOtherNode' });
  });

  it('is perhaps what the reason is where no Lease may be read', () => {
    const given = facts(second, 12, {});
    expect(checkOf(given, 'status')?.remedy).toContain(
      `${first} has died and Kubernetes has not noticed yet`,
    );
  });
});

describe('a node of which nothing was heard for a while', () => {
  const silent = facts(first, 0, { [first]: 0, [second]: 30, [third]: 28 });

  it('still announces, but that is in doubt', () => {
    const { announced, node, verdict } = explain(silent);
    expect({ announced, node }).toEqual({ announced: true, node: first });
    expect(verdict).toContain(`but ${first} has given no sign of life for 30 s.`);
    expect(checkOf(silent, 'status')).toMatchObject({ ok: 'unknown', reason: 'nodeSilent' });
  });

  it('is named among the speakers', () => {
    expect(checkOf(silent, 'speakers')?.message).toBe(
      `The speaker is ready on a, b and c; ${first} has given no sign of life for 30 s.`,
    );
  });

  it('is not silent for having renewed its Lease a little earlier than others', () => {
    const given = facts(first, 0, { [first]: 0, [second]: 20, [third]: 18 });
    expect(explain(given).checks.filter(({ ok }) => ok !== true)).toEqual([]);
  });
});
