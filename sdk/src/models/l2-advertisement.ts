/** `L2Advertisement`: which addresses are announced, from which nodes and interfaces. */
import * as z from 'zod';
import type { KubeObject, ResourceType } from '../kube/kube-api.js';
import { type LabelSelector, labelSelectorSchema } from './label-selector.js';
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

const selectors = (what: string) => z.array(labelSelectorSchema).exactOptional().describe(what);
const names = (what: string) => z.array(z.string()).exactOptional().describe(what);

/** Reads an `L2Advertisement` as the API server returns it; unknown fields are kept. */
export const l2AdvertisementSchema = z
  .looseObject({
    ...objectFrame('L2Advertisement'),
    spec: z
      .looseObject({
        ipAddressPools: names('Pools to announce, by name; with no pool and no selector, all of them.'),
        ipAddressPoolSelectors: selectors('Pools to announce, by their labels.'),
        nodeSelectors: selectors('Nodes that may announce; with none, every node may.'),
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
          .exactOptional()
          .describe('Of the nodes that may announce, which are elected first.'),
        interfaces: names('Interfaces to answer on; with none, every one.'),
        serviceSelectors: selectors('Services to announce, by their labels; with none, all of them.'),
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
