import { exclusionsOf } from '../../../../speaker/src/lan/interface-exclusions.js';

describe('exclusionsOf', () => {
  const used = (rules: Parameters<typeof exclusionsOf>[0], ...names: string[]) => {
    const exclusions = structuredClone(exclusionsOf(rules)); // as it goes to the thread
    return names.filter((name) => !exclusions.some((exclusion) => exclusion.test(name)));
  };
  const names = ['lo', 'eth0', 'eth1', 'bond0', 'bond0.7', 'docker0', 'veth12ab', 'cali1234'];

  it("leaves upstream's list alone when nothing is said", () => {
    expect(used({ exclude: undefined, include: undefined }, ...names)).toEqual([
      'eth0',
      'eth1',
      'bond0',
      'bond0.7',
    ]);
  });

  it('leaves alone what is named, wherever in the name it is found', () => {
    expect(
      used({ exclude: [/th1/, /^bond0$/], include: undefined }, 'eth1', 'veth12ab', 'bond0', 'bond0.7'),
    ).toEqual(['bond0.7']);
    expect(used({ exclude: [], include: undefined }, ...names)).toEqual(names);
  });

  it('uses only what is to be used, less what is to be left alone', () => {
    expect(used({ exclude: [/1$/], include: [/^eth/, /0$/] }, ...names)).toEqual([
      'eth0',
      'bond0',
      'docker0',
    ]);
    expect(used({ exclude: undefined, include: [/^(eth|docker)/] }, ...names)).toEqual(['eth0', 'eth1']);
    expect(used({ exclude: [], include: [/a$|^lo/, /2ab$/] }, ...names)).toEqual(['lo', 'veth12ab']);
  });
});
