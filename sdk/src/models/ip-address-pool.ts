/** `IPAddressPool`: the addresses the controller may hand out. */
import * as z from 'zod';
import type { KubeObject, ResourceType } from '../kube/kube-api.js';
import { addressListRules, addressTextRules } from './address-rules.js';
import { type LabelSelector, selectorsSchema } from './label-selector.js';
import { namesSchema } from './names.js';
import { METALLB_GROUP, METALLB_VERSION, objectFrame } from './object-meta.js';

/** Which services may use a pool, and which pool goes first. Without it every service may. */
export interface ServiceAllocation {
  /** Lower goes first; 0 or absent goes last. */
  priority?: number;
  namespaces?: string[];
  namespaceSelectors?: LabelSelector[];
  serviceSelectors?: LabelSelector[];
}

export interface IPAddressPoolSpec {
  /** CIDRs and `first-last` ranges; see `parseAddressRange`. At least one. */
  addresses: string[];
  /** @default true */
  autoAssign?: boolean;
  /** Leave out IPv4 addresses that end in .0 or .255. @default false */
  avoidBuggyIPs?: boolean;
  serviceAllocation?: ServiceAllocation;
}

/** Counts of addresses, written by upstream's controller. */
export interface IPAddressPoolStatus {
  assignedIPv4: number;
  assignedIPv6: number;
  availableIPv4: number;
  availableIPv6: number;
}

export interface IPAddressPool extends KubeObject {
  spec: IPAddressPoolSpec;
  status?: IPAddressPoolStatus;
}

const count = (what: string) => z.number().meta({ type: 'integer', format: 'int64' }).describe(what);

/** Reads an `IPAddressPool` as the API server returns it; unknown fields are kept. */
export const ipAddressPoolSchema = z
  .looseObject({
    ...objectFrame('IPAddressPool'),
    spec: z
      .looseObject({
        addresses: z
          .array(z.string().meta(addressTextRules))
          .min(1)
          .meta(addressListRules)
          .describe('CIDRs (192.168.10.0/24) and ranges (192.168.10.5-192.168.10.9) of the pool.'),
        autoAssign: z
          .boolean()
          .default(true)
          .describe('Whether services that do not ask for this pool may get an address of it.'),
        avoidBuggyIPs: z
          .boolean()
          .default(false)
          .describe('Leaves out IPv4 addresses ending in .0 and .255, which some clients refuse.'),
        serviceAllocation: z
          .looseObject({
            priority: z
              .number()
              .meta({ type: 'integer' })
              .exactOptional()
              .describe('Order among pools that fit a service: lower goes first, 0 or absent last.'),
            namespaces: namesSchema('namespaces', { longest: 63, most: 512 })
              .exactOptional()
              .describe('Namespaces whose services may use the pool.'),
            namespaceSelectors: selectorsSchema('namespaceSelectors')
              .exactOptional()
              .describe('Namespaces, by their labels, whose services may use the pool.'),
            serviceSelectors: selectorsSchema('serviceSelectors')
              .exactOptional()
              .describe('Services, by their labels, that may use the pool.'),
          })
          .exactOptional()
          .describe('Ties the pool to namespaces and services.'),
      })
      .describe('What the pool offers.'),
    status: z
      .looseObject({
        assignedIPv4: count('IPv4 addresses in use.'),
        assignedIPv6: count('IPv6 addresses in use.'),
        availableIPv4: count('IPv4 addresses left.'),
        availableIPv6: count('IPv6 addresses left.'),
      })
      .exactOptional()
      .describe('How much of the pool is in use.'),
  })
  .describe('A pool of addresses for services of type LoadBalancer.') satisfies z.ZodType<IPAddressPool>;

export const IP_ADDRESS_POOLS: ResourceType<IPAddressPool> = {
  group: METALLB_GROUP,
  version: METALLB_VERSION,
  plural: 'ipaddresspools',
  kind: 'IPAddressPool',
  namespaced: true,
};
