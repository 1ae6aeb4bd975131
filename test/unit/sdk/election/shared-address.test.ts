import { electOwner, electOwners } from '@metallb-l2/sdk/election';

const NODES = ['a', 'b', 'c', 'd', 'e'];
const contender = (addresses: string[], candidates = NODES, weights: Record<string, number> = {}) => ({
  addresses,
  candidates,
  preferences: new Map(Object.entries(weights)),
});
const elect = (contenders: Record<string, ReturnType<typeof contender>>) =>
  Object.fromEntries(electOwners(new Map(Object.entries(contenders))));

describe('electOwners', () => {
  it('elects as electOwner does for a service that shares nothing', () => {
    expect(elect({ web: contender(['10.0.0.1']), db: contender(['10.0.0.2', '2001:db8::2']) })).toEqual({
      web: electOwner(NODES, '10.0.0.1'),
      db: electOwner(NODES, '10.0.0.2'),
    });
  });

  it('elects nobody where nobody may announce', () => {
    expect(elect({ web: contender(['10.0.0.1'], []), db: contender(['10.0.0.1'], []) })).toEqual({});
  });

  it('elects one node for an address, whoever may announce which of its services', () => {
    for (let i = 0; i < 50; i++) {
      const ip = `10.0.0.${i}`;
      const owners = elect({
        web: contender([ip], ['a', 'b', 'c']),
        api: contender([ip], ['b', 'c', 'd']),
        db: contender([ip], ['c', 'b', 'e']),
      });
      expect(new Set(Object.values(owners)).size).toBe(1);
      // b and c may announce all three.
      expect(owners).toMatchObject({ web: electOwner(['b', 'c'], ip) });
    }
  });

  it('puts services together that share through a third', () => {
    const owners = elect({
      four: contender(['10.0.0.1'], ['a', 'b']),
      six: contender(['2001:db8::1'], ['b', 'c']),
      both: contender(['10.0.0.1', '2001:db8::1'], ['b', 'd']),
      other: contender(['10.0.0.9'], ['d']),
    });
    expect(owners).toEqual({ four: 'b', six: 'b', both: 'b', other: 'd' });
  });

  it('adds up the preferences of all that share', () => {
    const ip = '10.0.0.1';
    const owners = elect({
      web: contender([ip], NODES, { a: 60 }),
      api: contender([ip], NODES, { d: 50 }),
      db: contender([ip], NODES, { d: 50 }),
    });
    expect(owners).toEqual({ web: 'd', api: 'd', db: 'd' });
  });

  it('does not depend on the order of the services', () => {
    const contenders = Object.entries({
      a: contender(['10.0.0.1'], ['a', 'b']),
      b: contender(['10.0.0.2', '10.0.0.1'], ['b', 'c']),
      c: contender(['10.0.0.3', '10.0.0.2'], ['a', 'c']),
      d: contender(['10.0.0.3'], ['a', 'b', 'c']),
    });
    const reversed = Object.fromEntries([...contenders].reverse());
    expect(elect(reversed)).toEqual(elect(Object.fromEntries(contenders)));
  });
});
