import { DEFAULT_EXCLUDED_INTERFACES } from '@metallb-l2/sdk/settings';
import { unusableReason } from '../../../../speaker/src/layer2/interfaces.js';
import type { Link } from '../../../../speaker/src/ports.js';
import { ethernetLink } from '../../../support/simulated-lan.ts';

const EXCLUSIONS = DEFAULT_EXCLUDED_INTERFACES.map((pattern) => new RegExp(pattern));

describe('unusableReason', () => {
  it('finds nothing wrong with Ethernet that is up', () => {
    expect(unusableReason(ethernetLink(), EXCLUSIONS)).toBeUndefined();
  });

  const cases: [Partial<Link>, string][] = [
    [{ up: false, carrier: false }, 'down'],
    [{ carrier: false }, 'no-carrier'],
    [{ hasMaster: true }, 'has-master'],
    [{ loopback: true, hardwareType: 772 }, 'loopback'],
    [{ noArp: true }, 'no-arp'],
    [{ hardwareType: 32 }, 'not-ethernet'],
    [{ mac: '' }, 'not-ethernet'],
  ];
  for (const [fields, reason] of cases) {
    it(`leaves ${JSON.stringify(fields)} alone: ${reason}`, () => {
      expect(unusableReason(ethernetLink(fields), EXCLUSIONS)).toBe(reason);
    });
  }

  for (const name of [
    'lo',
    'docker0',
    'cbr0',
    'dummy0',
    'virbr0',
    'lxcbr0',
    'veth12ab',
    'cali1',
    'tunl0',
    'flannel.1',
    'kube-ipvs0',
    'cni0',
    'nodelocaldns',
    'lxc1',
  ]) {
    it(`leaves ${name} to the container network`, () => {
      expect(unusableReason(ethernetLink({ name }), EXCLUSIONS)).toBe('excluded');
    });
  }

  it('excludes lo itself and nothing that merely starts so', () => {
    expect(unusableReason(ethernetLink({ name: 'lom1' }), EXCLUSIONS)).toBeUndefined();
  });
});
