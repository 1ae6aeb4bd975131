/** The shape of pools and advertisements: in the component, and as resources of their own. */
import { AddressError, parseAddressRange } from '@metallb-l2/sdk/models';
import * as z from 'zod';
import { computable, expected, fields, flag, listOf, matching, parsedBy, wholeNumber } from './fields.js';
import { namespaceSchema, objectName, selectorSchema, selectorsSchema } from './kubernetes-schema.js';

const addressRange = parsedBy('addresses like "192.168.10.0/24"', parseAddressRange, AddressError);
const atLeastOneAddress = 'the pool is empty; write at least one range like "192.168.10.0/24"';

/** The addresses of a pool. */
export const addressesSchema = z
  .array(computable(addressRange), expected('a list of ranges'))
  .min(1, { error: atLeastOneAddress });

export const allocationSchema = fields(
  {
    priority: computable(wholeNumber(0, 2 ** 31 - 1)).optional(),
    namespaces: computable(listOf(namespaceSchema, 'namespaces')).optional(),
    namespaceSelectors: computable(selectorsSchema).optional(),
    serviceSelectors: computable(selectorsSchema).optional(),
  },
  'an object with "priority", "namespaces" or selectors',
);

const poolFields = {
  addresses: computable(addressesSchema),
  autoAssign: computable(flag).optional(),
  avoidBuggyIPs: computable(flag).optional(),
  serviceAllocation: allocationSchema.optional(),
  adopt: flag.optional(),
};

export const poolSchema = fields(
  { name: objectName, ...poolFields },
  'an object with "name" and "addresses"',
);

const preferredNode = fields(
  { weight: computable(wholeNumber(1, 100)), preference: computable(selectorSchema) },
  'an object with "weight" and "preference"',
);

const advertisementFields = {
  pools: computable(listOf(objectName, 'names')).optional(),
  poolSelectors: computable(selectorsSchema).optional(),
  interfaces: computable(
    listOf(matching(/^[^\s/]+$/, 15, 'the name of a network interface, at most 15 characters'), 'names'),
  ).optional(),
  nodeSelectors: computable(selectorsSchema).optional(),
  preferredNodes: computable(listOf(preferredNode, 'wishes: { weight: 10, preference: { … } }')).optional(),
  serviceSelectors: computable(selectorsSchema).optional(),
  adopt: flag.optional(),
};

export const advertisementSchema = fields(
  { name: objectName, ...advertisementFields },
  'an object with "name"',
);

const placeFields = {
  name: computable(objectName).optional(),
  namespace: computable(namespaceSchema).optional(),
};

/** `AddressPoolArgs`. */
export const addressPoolArgsSchema = fields({ ...placeFields, ...poolFields }, 'an object with "addresses"');

/** `L2AdvertisementArgs`. */
export const l2AdvertisementArgsSchema = fields({ ...placeFields, ...advertisementFields }, 'an object');
