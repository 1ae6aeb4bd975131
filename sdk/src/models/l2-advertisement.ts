/** `L2Advertisement`: which addresses are announced, from which nodes and interfaces. */
import * as z from 'zod';
import type { KubeObject, ResourceType } from '../kube/kube-api.js';
import {
  type LabelSelector,
  labelSelectorSchema,
  MOST_SELECTORS,
  selectorsSchema,
} from './label-selector.js';
import { namesSchema } from './names.js';
import { METALLB_GROUP, METALLB_VERSION, objectFrame } from './object-meta.js';

/** A wish, not a condition: nodes that match are elected before others, the heavier sum first. */
export interface PreferredNodeSelector {
  /** 1 to 100. */
  weight: number;
  preference: LabelSelector;
}

export interface L2AdvertisementSpec {
  /** Pools by name. Neither names nor selectors: all pools. */
  ipAddressPools?: string[];
  ipAddressPoolSelectors?: LabelSelector[];
  /** Any of them may match; none: all nodes. */
  nodeSelectors?: LabelSelector[];
  /** Of the nodes that may announce, which are to be elected first; upstream has it after v0.16.1. */
  preferredNodeSelectors?: PreferredNodeSelector[];
  /** None: all interfaces. */
  interfaces?: string[];
  /** Any of them may match; none: all services. */
  serviceSelectors?: LabelSelector[];
}

export interface L2Advertisement extends KubeObject {
  spec?: L2AdvertisementSpec;
}

/** Reads an `L2Advertisement` as the API server returns it; unknown fields are kept. */
export const l2AdvertisementSchema = z
  .looseObject({
    ...objectFrame('L2Advertisement'),
    spec: z
      .looseObject({
        ipAddressPools: namesSchema('ipAddressPools', { longest: 253, most: 256 })
          .exactOptional()
          .describe('Pools to announce, by name; with no pool and no selector, all of them.'),
        ipAddressPoolSelectors: selectorsSchema('ipAddressPoolSelectors')
          .exactOptional()
          .describe('Pools to announce, by their labels.'),
        nodeSelectors: selectorsSchema('nodeSelectors')
          .exactOptional()
          .describe('Nodes that may announce; with none, every node may.'),
        preferredNodeSelectors: z
          .array(
            z
              .looseObject({
                weight: z
                  .number()
                  .min(1)
                  .max(100)
                  .meta({ type: 'integer', format: 'int32' })
                  .describe('How much a matching node is preferred; the weights of all that match add up.'),
                preference: labelSelectorSchema,
              })
              .describe('A preference and its weight.'),
          )
          .meta({ maxItems: MOST_SELECTORS })
          .exactOptional()
          .describe('Of the nodes that may announce, which are elected first.'),
        interfaces: z
          .array(z.string().meta({ minLength: 1 }))
          .exactOptional()
          .describe('Interfaces to answer on; with none, every one.'),
        serviceSelectors: selectorsSchema('serviceSelectors')
          .exactOptional()
          .describe('Services to announce, by their labels; with none, all of them.'),
      })
      .exactOptional()
      .describe('What is announced, and from where.'),
    status: z.looseObject({}).exactOptional().describe('Not used.'),
  })
  .describe('Announces addresses of pools with ARP and NDP.') satisfies z.ZodType<L2Advertisement>;

export const L2_ADVERTISEMENTS: ResourceType<L2Advertisement> = {
  group: METALLB_GROUP,
  version: METALLB_VERSION,
  plural: 'l2advertisements',
  kind: 'L2Advertisement',
  namespaced: true,
};
