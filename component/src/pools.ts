/** The pools of addresses, and what announces them, as objects of the cluster. */
import {
  IP_ADDRESS_POOLS,
  type IPAddressPoolSpec,
  L2_ADVERTISEMENTS,
  type L2AdvertisementSpec,
  METALLB_API_VERSION,
} from '@metallb-l2/sdk/models';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { Texts } from './args/parse-args.js';
import type { ParsedAdvertisement, ParsedPool, Place } from './args/parse-pools.js';

/** Pulumi deletes in the foreground unless told otherwise, and `destroy` then waits up to a minute. */
const ANNOTATIONS = { 'pulumi.com/deletionPropagationPolicy': 'background' };

/** One that was there before may have been written by others, who would be in conflict with us otherwise. */
const ADOPTED_ANNOTATIONS = {
  ...ANNOTATIONS,
  'pulumi.com/patchForce': 'true',
};

type Labels = pulumi.Input<Texts> | undefined;

/** Computed fields of a specification. */
type Inputs<T> = { [Field in keyof T]: pulumi.Input<NonNullable<T[Field]>> };

/** @param name of the resource in the stack */
export function createPool(
  name: string,
  pool: ParsedPool & Place,
  labels: Labels,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  const { addresses, autoAssign, avoidBuggyIPs, serviceAllocation } = pool;
  const spec: Inputs<IPAddressPoolSpec> = {
    addresses,
    autoAssign,
    avoidBuggyIPs,
    ...(serviceAllocation && { serviceAllocation }),
  };
  return createObject(name, { kind: IP_ADDRESS_POOLS.kind, spec, ...pool }, labels, opts);
}

/** @param name of the resource in the stack */
export function createAdvertisement(
  name: string,
  advertisement: ParsedAdvertisement & Place,
  labels: Labels,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  const { pools, poolSelectors, interfaces, nodeSelectors, preferredNodes, serviceSelectors } = advertisement;
  const spec: Inputs<L2AdvertisementSpec> = {
    ...(pools && { ipAddressPools: pools }),
    ...(poolSelectors && { ipAddressPoolSelectors: poolSelectors }),
    ...(interfaces && { interfaces }),
    ...(nodeSelectors && { nodeSelectors }),
    ...(preferredNodes && { preferredNodeSelectors: preferredNodes }),
    ...(serviceSelectors && { serviceSelectors }),
  };
  return createObject(name, { kind: L2_ADVERTISEMENTS.kind, spec, ...advertisement }, labels, opts);
}

function createObject(
  resource: string,
  { kind, spec, name, namespace, adopt }: Place & { kind: string; spec: object; adopt: boolean },
  labels: Labels,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    resource,
    {
      apiVersion: METALLB_API_VERSION,
      kind,
      metadata: {
        name,
        namespace,
        annotations: adopt ? ADOPTED_ANNOTATIONS : ANNOTATIONS,
        ...(labels && { labels }),
      },
      spec,
    },
    // Plain texts: that is what the arguments are held to.
    adopt ? { ...opts, import: `${namespace as string}/${name as string}` } : opts,
  );
}
