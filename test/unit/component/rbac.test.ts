import { ACCESS } from '../../../component/src/rbac.js';

const READING = ['get', 'list', 'watch'];

/** `resource verb` for everything a role may change. */
function writesOf(rules: readonly { resources: string[]; verbs: string[] }[]): string[] {
  return rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) =>
      verbs.filter((verb) => !READING.includes(verb)).map((verb) => `${resource} ${verb}`),
    ),
  );
}

describe('the rights of the programs', () => {
  it.each(['controller', 'speaker'] as const)('name every group, resource and verb for the %s', (role) => {
    const rules = [...ACCESS[role].cluster, ...ACCESS[role].namespace];
    expect(JSON.stringify(rules)).not.toContain('*');
  });

  it('let nobody read a secret but the one of the gossip, and that only the controller', () => {
    const reading = (role: 'controller' | 'speaker') =>
      [...ACCESS[role].cluster, ...ACCESS[role].namespace].filter(
        ({ resources, verbs }) =>
          resources.includes('secrets') && verbs.some((verb) => READING.includes(verb)),
      );
    expect(reading('speaker')).toEqual([]);
    expect(reading('controller')).toMatchObject([{ verbs: ['get'], resourceNames: ['memberlist'] }]);
  });

  it('let the controller write addresses, events and how the configuration is, and remove status objects', () => {
    expect(writesOf(ACCESS.controller.cluster)).toEqual(['services/status update', 'events create']);
    expect(writesOf(ACCESS.controller.namespace)).toEqual([
      'secrets create',
      'leases create',
      'leases update',
      'ipaddresspools/status update',
      'servicel2statuses delete',
      'configurationstates create',
      'configurationstates patch',
      'configurationstates/status patch',
    ]);
  });

  it('let the controller touch no lease but its own once there is one, and the speaker none', () => {
    const rulesOf = (role: 'controller' | 'speaker') =>
      [...ACCESS[role].cluster, ...ACCESS[role].namespace].filter(({ resources }) =>
        resources.includes('leases'),
      );
    expect(ACCESS.controller.cluster.flatMap(({ resources }) => resources)).not.toContain('leases');
    expect(rulesOf('controller')).toEqual([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: ['get', 'update'],
        resourceNames: ['metallb-controller'],
      },
    ]);
    expect(rulesOf('speaker')).toEqual([]);
  });

  it('let the speaker write nothing outside its namespace but events', () => {
    expect(writesOf(ACCESS.speaker.cluster)).toEqual(['events create']);
    expect(writesOf(ACCESS.speaker.namespace)).toEqual([
      'servicel2statuses create',
      'servicel2statuses patch',
      'servicel2statuses delete',
      'servicel2statuses/status patch',
    ]);
  });
});
