import { ipBytes, ipText, readMac } from '../../../../speaker/src/wire/address.js';
import {
  isMulticastMac,
  isSolicitedNodeGroup,
  multicastMac,
  solicitedNodeGroup,
} from '../../../../speaker/src/wire/ipv6.js';

describe('the solicited-node group of an address', () => {
  it('ends with its last three bytes', () => {
    expect(ipText(solicitedNodeGroup(ipBytes('2001:db8::aabb:ccdd')))).toBe('ff02::1:ffbb:ccdd');
    expect(ipText(solicitedNodeGroup(ipBytes('2001:db8::50')))).toBe('ff02::1:ff00:50');
  });

  it('is recognised among the bytes of a packet', () => {
    const packet = Uint8Array.of(9, ...ipBytes('ff02::1:ff00:50'), ...ipBytes('2001:db8::50'));
    expect(isSolicitedNodeGroup(packet, 1)).toBe(true);
    expect(isSolicitedNodeGroup(packet, 1, 17)).toBe(true);
    packet[32] = 0x51;
    expect(isSolicitedNodeGroup(packet, 1, 17)).toBe(false);
    packet[2] = 0x05; // site-local instead of link-local
    expect(isSolicitedNodeGroup(packet, 1)).toBe(false);
  });
});

describe('the Ethernet address of a group', () => {
  it('ends with its last four bytes', () => {
    expect(readMac(multicastMac(ipBytes('ff02::1:ff00:50')), 0)).toBe('33:33:ff:00:00:50');
  });

  it('is recognised among the bytes of a frame', () => {
    const frame = Uint8Array.of(...multicastMac(ipBytes('ff02::1')), ...ipBytes('ff02::1'));
    expect(isMulticastMac(frame, 0, 6)).toBe(true);
    frame[1] = 0x34;
    expect(isMulticastMac(frame, 0, 6)).toBe(false);
  });
});
