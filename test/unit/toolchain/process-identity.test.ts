import {
  identifyProcess,
  identityFromStat,
  isRunning,
  ownIdentity,
} from '../../toolchain/process-identity.ts';

const STAT_TAIL = '1 10 10 0 -1 4194560 5 0 0 0 1 2 0 0 20 0 1 0 8817 2703360 300 18446744073709551615';

describe('the identity of a process', () => {
  it('is its number and the moment it started', () => {
    expect(identityFromStat(`4711 (etcd) S ${STAT_TAIL}`)).toBe('4711 8817');
  });

  it('is read past a command name made of spaces and parentheses', () => {
    expect(identityFromStat(`4711 (a) R (b) c) S ${STAT_TAIL}`)).toBe('4711 8817');
  });

  it('is gone once the process has ended, although nobody has collected it yet', () => {
    expect(identityFromStat(`4711 (etcd) Z ${STAT_TAIL}`)).toBeUndefined();
  });

  it('does not match a later process with the same number', () => {
    expect(isRunning(ownIdentity())).toBe(true);
    expect(isRunning(`${process.pid} 1`)).toBe(false);
  });

  it('is undefined for a number no process has', () => {
    expect(identifyProcess(2 ** 30)).toBeUndefined();
  });

  it('is its number alone where there is no /proc', () => {
    const linux = process.platform;
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    try {
      expect(isRunning(ownIdentity())).toBe(true);
      expect(identifyProcess(2 ** 30)).toBeUndefined();
    } finally {
      Object.defineProperty(process, 'platform', { value: linux });
    }
  });
});
