import { SERVICES } from '@metallb-l2/sdk/kube';
import type { Explanation } from '@metallb-l2/sdk';
import { explanationLines } from '../../../../sdk/src/cli/render/explanation.js';
import { openRig } from './rig.ts';

describe('an explanation', () => {
  const explanation: Explanation = {
    service: { namespace: 'shop', name: 'web' },
    announced: false,
    verdict: 'shop/web is not announced. It has no endpoints.',
    checks: [
      { check: 'type', ok: true, reason: 'ok', message: 'It is of type LoadBalancer.' },
      {
        check: 'endpoints',
        ok: false,
        reason: 'noEndpoints',
        message: 'It has no endpoints.',
        remedy: 'Start a pod.',
      },
      { check: 'nodes', ok: 'unknown', reason: 'forbidden', message: 'Not known.' },
    ],
  };

  it('shows the verdict, then each check with its code and remedy', () => {
    expect(explanationLines(explanation, (_, text) => text)).toEqual([
      'shop/web is not announced. It has no endpoints.',
      '',
      '  ✓ type       It is of type LoadBalancer.',
      '  ✗ endpoints  It has no endpoints. [noEndpoints]',
      '               → Start a pod.',
      '  ? nodes      Not known. [forbidden]',
    ]);
  });
});

describe('explain', () => {
  it('ends with 1 for a service that is not announced, and says why', async () => {
    const rig = openRig();
    rig.api.seed(SERVICES, { metadata: { namespace: 'default', name: 'web' }, spec: { type: 'ClusterIP' } });
    expect(await rig.run('explain web')).toBe(1);
    const printed = rig.out();
    expect(printed).toMatch(/^default\/web is not announced\. It is of type ClusterIP/);
    expect(printed).toMatch(/✗ type +It is of type ClusterIP.* \[notLoadBalancer\]\n +→ Set spec\.type/);
    expect(rig.err()).toBe('');
  });

  it('gives the same as data', async () => {
    const rig = openRig();
    expect(await rig.run('explain web -o json')).toBe(1);
    const { announced, checks } = JSON.parse(rig.out()) as Explanation;
    expect(announced).toBe(false);
    expect(checks[0]).toMatchObject({ check: 'service', ok: false, reason: 'serviceNotFound' });
  });
});
