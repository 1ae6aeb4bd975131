/** The pools of addresses, and what announces them. */
import { METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { ParsedAdvertisement, ParsedPool } from './parse-args.js';

/** Pulumi deletes in the foreground unless told otherwise, and `destroy` then waits up to a minute. */
const ANNOTATIONS = { 'pulumi.com/deletionPropagationPolicy': 'background' };

/** One `IPAddressPool` for each pool. */
export function createPools(
  name: string,
  namespace: pulumi.Input<string>,
  pools: readonly ParsedPool[],
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return pools.map(
    (pool) =>
      new k8s.apiextensions.CustomResource(
        `${name}-pool-${pool.name}`,
        {
          apiVersion: METALLB_API_VERSION,
          kind: 'IPAddressPool',
          metadata: { name: pool.name, namespace, annotations: ANNOTATIONS },
          spec: {
            addresses: pool.addresses,
            autoAssign: pool.autoAssign,
            avoidBuggyIPs: pool.avoidBuggyIPs,
          },
        },
        opts,
      ),
  );
}

/** One `L2Advertisement` for each advertisement; what is empty is left out, which means all. */
export function createAdvertisements(
  name: string,
  namespace: pulumi.Input<string>,
  advertisements: readonly ParsedAdvertisement[],
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return advertisements.map(
    ({ name: advertisement, pools, interfaces, nodeSelectors }) =>
      new k8s.apiextensions.CustomResource(
        `${name}-advertisement-${advertisement}`,
        {
          apiVersion: METALLB_API_VERSION,
          kind: 'L2Advertisement',
          metadata: { name: advertisement, namespace, annotations: ANNOTATIONS },
          spec: {
            ...(pools.length === 0 ? {} : { ipAddressPools: pools }),
            ...(interfaces.length === 0 ? {} : { interfaces }),
            ...(nodeSelectors.length === 0 ? {} : { nodeSelectors }),
          },
        },
        opts,
      ),
  );
}
