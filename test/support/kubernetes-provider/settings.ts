/** The provider's own arguments, and what a change of them means. */
import { isDeepStrictEqual } from 'node:util';
import { UNKNOWN, valueAt, type Properties } from './properties.ts';

export interface Settings {
  readonly kubeconfig: string;
  readonly context: string;
  readonly namespace: string;
  readonly mutableConfigMaps: boolean;
  readonly mutableSecrets: boolean;
  /** Take fields over from other managers without asking. */
  readonly patchForce: boolean;
  readonly upsertExistingObjects: boolean;
  /** Drop from the state what an unreachable cluster may still have. */
  readonly deleteUnreachable: boolean;
}

/** Arguments that mean something the stand-in does not do. */
const UNSUPPORTED: Readonly<Record<string, (value: unknown) => boolean>> = {
  cluster: (value) => value !== '',
  enableServerSideApply: (value) => String(value) === 'false',
  renderYamlToDirectory: (value) => value !== '',
  skipUpdateUnreachable: (value) => String(value) === 'true',
};

/** Reads the arguments as the engine sends them: text, with environment variables as the fallback of flags. */
export function parseSettings(variables: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv): Settings {
  const text = (name: string) => variables.get(`kubernetes:config:${name}`) ?? '';
  const flag = (name: string, variable: string) => (text(name) || env[`PULUMI_K8S_${variable}`]) === 'true';
  return {
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    namespace: text('namespace'),
    mutableConfigMaps: flag('enableConfigMapMutable', 'ENABLE_CONFIGMAP_MUTABLE'),
    mutableSecrets: flag('enableSecretMutable', 'ENABLE_SECRET_MUTABLE'),
    patchForce: flag('enablePatchForce', 'ENABLE_PATCH_FORCE'),
    upsertExistingObjects: flag('upsertExistingObjects', 'UPSERT_EXISTING_OBJECTS'),
    deleteUnreachable: flag('deleteUnreachable', 'DELETE_UNREACHABLE'),
  };
}

/** The arguments that cannot be honoured, each with the reason. */
export function unsupportedArguments(args: Properties): { property: string; reason: string }[] {
  return Object.entries(UNSUPPORTED)
    .filter(([property, isSet]) => args[property] !== undefined && isSet(args[property]))
    .map(([property]) => ({
      property,
      reason: `the stand-in Kubernetes provider does not support "${property}": use the real provider`,
    }));
}

/**
 * Which arguments changed, and which of those mean another cluster, whose objects must all be made anew.
 * `activeCluster` gives the server a kubeconfig leads to, or `undefined` when it cannot tell.
 */
export function diffSettings(
  olds: Properties,
  news: Properties,
  activeCluster: (args: Properties) => string | undefined,
): { changed: string[]; replaces: string[] } {
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => news[key] === UNKNOWN || !isDeepStrictEqual(olds[key], news[key]),
  );
  const identifier = valueAt(news, 'clusterIdentifier');
  if (identifier !== undefined && identifier === olds['clusterIdentifier']) return { changed, replaces: [] };

  const replaces = changed.includes('clusterIdentifier') && olds['clusterIdentifier'] && identifier;
  const decisive = changed.filter((key) => key === 'kubeconfig' || key === 'context');
  const unknown = decisive.filter((key) => news[key] === UNKNOWN);
  const [before, after] = unknown.length > 0 ? [] : [activeCluster(olds), activeCluster(news)];
  const moved = before !== undefined && after !== undefined && before !== after;
  return {
    changed,
    replaces: [...(replaces ? ['clusterIdentifier'] : []), ...(moved ? decisive : unknown)],
  };
}
