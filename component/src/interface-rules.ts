/** The interfaces of a user's own choice, as the file the speakers read. */
import { posix } from 'node:path';
import { DEFAULT_EXCLUDED_INTERFACES, DEFAULT_INTERFACE_RULES_PATH } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { ParsedSpeaker } from './args/parse-workloads.js';
import { metadataOf, namePrefixOf, type Site } from './site.js';

/**
 * The ConfigMap with the file; undefined when the user chooses nothing. Pulumi names it, and names it anew
 * when its content changes: so new pods read the new one, and no pod is ever without.
 */
export function createInterfaceRules(
  site: Site,
  { excludeInterfaces, includeInterfaces }: ParsedSpeaker,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.ConfigMap | undefined {
  if (excludeInterfaces === undefined && includeInterfaces === undefined) return undefined;
  const rules = pulumi.all([excludeInterfaces ?? [], includeInterfaces]).apply(([exclude, include]) => ({
    announcedInterfacesToExclude: [...DEFAULT_EXCLUDED_INTERFACES, ...exclude],
    ...(include && { announcedInterfacesToInclude: include }),
  }));
  return new k8s.core.v1.ConfigMap(
    namePrefixOf(site, 'interfaces'),
    {
      metadata: metadataOf(site, undefined),
      // JSON is YAML, and patterns need no other quotes in it.
      data: {
        [posix.basename(DEFAULT_INTERFACE_RULES_PATH)]: rules.apply((all) => JSON.stringify(all, null, 2)),
      },
    },
    // A change replaces it, which protection of the installation would forbid.
    { ...opts, protect: false },
  );
}
