import type { Finding } from '@metallb-l2/sdk';
import { KubeError } from '@metallb-l2/sdk/kube';
import { findingLines, summaryLine } from '../../../../sdk/src/cli/render/findings.js';
import { openRig } from './rig.ts';

describe('findings', () => {
  const info: Finding = { code: 'installed', severity: 'info', message: 'It runs.', objects: [] };
  const warning: Finding = { ...info, code: 'overlappingPools', severity: 'warning', remedy: 'Part them.' };
  const error: Finding = { ...info, code: 'crdMissing', severity: 'error' };

  it('are shown with their code and what to do', () => {
    expect(findingLines([error, warning, info], (_, text) => text)).toEqual([
      'error    It runs. [crdMissing]',
      'warning  It runs. [overlappingPools]',
      '         → Part them.',
      'info     It runs. [installed]',
    ]);
  });

  it('are counted, but for those that are only good to know', () => {
    expect(summaryLine([])).toBe('Nothing is wrong.');
    expect(summaryLine([info])).toBe('Nothing is wrong.');
    expect(summaryLine([error, error, warning, info])).toBe('2 errors, 1 warning.');
  });
});

describe('doctor', () => {
  it('ends with 1 when something is wrong, and says what', async () => {
    const rig = openRig();
    expect(await rig.run('doctor')).toBe(1);
    expect(rig.out()).toMatch(/^error .* \[crdMissing\]\n/);
  });

  it('gives the same as data', async () => {
    const rig = openRig();
    expect(await rig.run('doctor -o json')).toBe(1);
    const findings = JSON.parse(rig.out()) as Finding[];
    expect(findings.map(({ code }) => code)).toContain('crdMissing');
  });

  it('ends with 3 when the cluster cannot be asked', async () => {
    const rig = openRig();
    const refuse = new KubeError('Unavailable', 'no answer', { operation: 'list pods' });
    rig.api.fault = () => ({ refuse });
    expect(await rig.run('doctor')).toBe(3);
    expect(rig.out()).toBe('');
  });
});
