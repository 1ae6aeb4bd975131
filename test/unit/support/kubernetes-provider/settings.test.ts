import { UNKNOWN } from '../../../support/kubernetes-provider/properties.ts';
import {
  diffSettings,
  parseSettings,
  unsupportedArguments,
} from '../../../support/kubernetes-provider/settings.ts';

const config = (entries: Record<string, string>) =>
  new Map(Object.entries(entries).map(([key, value]) => [`kubernetes:config:${key}`, value]));

describe('parseSettings', () => {
  it('reads flags as the text they arrive as', () => {
    expect(parseSettings(config({ enablePatchForce: 'true', namespace: 'n' }), {})).toMatchObject({
      patchForce: true,
      upsertExistingObjects: false,
      namespace: 'n',
    });
  });

  it('lets an argument win over the environment', () => {
    const env = { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: 'true' };
    expect(parseSettings(config({}), env).upsertExistingObjects).toBe(true);
    expect(parseSettings(config({ upsertExistingObjects: 'false' }), env).upsertExistingObjects).toBe(false);
  });
});

describe('unsupportedArguments', () => {
  it('names each argument it cannot honour', () => {
    const failures = unsupportedArguments({ enableServerSideApply: 'false', renderYamlToDirectory: 'out' });
    expect(failures.map(({ property }) => property)).toEqual([
      'enableServerSideApply',
      'renderYamlToDirectory',
    ]);
  });

  it('is content with those it can', () => {
    expect(unsupportedArguments({ enableServerSideApply: 'true', kubeconfig: 'x', context: 'y' })).toEqual(
      [],
    );
  });
});

describe('diffSettings', () => {
  const server = (args: object) => (args as { server?: string }).server;

  it('finds nothing in equal arguments', () => {
    expect(diffSettings({ kubeconfig: 'a' }, { kubeconfig: 'a' }, server)).toEqual({
      changed: [],
      replaces: [],
    });
  });

  it('does not take a new token for another cluster', () => {
    expect(
      diffSettings({ kubeconfig: 'a', server: 's' }, { kubeconfig: 'b', server: 's' }, server).replaces,
    ).toEqual([]);
  });

  it('replaces everything for another server', () => {
    const { replaces } = diffSettings(
      { kubeconfig: 'a', server: 's' },
      { kubeconfig: 'b', server: 't' },
      server,
    );
    expect(replaces).toEqual(['kubeconfig']);
  });

  it('fears another cluster while the kubeconfig is unknown', () => {
    expect(diffSettings({ kubeconfig: 'a' }, { kubeconfig: UNKNOWN }, server).replaces).toEqual([
      'kubeconfig',
    ]);
  });

  it('trusts an unchanged cluster identifier', () => {
    const olds = { kubeconfig: 'a', server: 's', clusterIdentifier: 'c' };
    const news = { kubeconfig: 'b', server: 't', clusterIdentifier: 'c' };
    expect(diffSettings(olds, news, server).replaces).toEqual([]);
  });
});
