/** Pools and advertisements: checked, with defaults, and held against each other. */
import {
  type AddressRange,
  type LabelSelector,
  parseAddressRange,
  type PreferredNodeSelector,
  rangesOverlap,
  type ServiceAllocation,
} from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import * as pulumi from '@pulumi/pulumi';
import type * as z from 'zod';
import { checked, checkedIfGiven } from './checked.js';
import { type ArgsProblem, refuse } from './error.js';
import { flag, hasComputed, isComputed, problemsOf } from './fields.js';
import { namespaceSchema, objectName } from './kubernetes-schema.js';
import { list, record } from './plain.js';
import type {
  AddressPoolArgs,
  Advertisement,
  AdvertisementSettings,
  L2AdvertisementArgs,
  Pool,
  PoolSettings,
} from './pools.js';
import {
  addressesSchema,
  addressPoolArgsSchema,
  advertisementSchema,
  allocationSchema,
  l2AdvertisementArgsSchema,
} from './pools-schema.js';

export interface ParsedPool {
  addresses: pulumi.Input<string[]>;
  autoAssign: pulumi.Input<boolean>;
  avoidBuggyIPs: pulumi.Input<boolean>;
  serviceAllocation: pulumi.Input<ServiceAllocation> | undefined;
  adopt: boolean;
}

/** What is undefined means all: pools, interfaces, nodes, services. */
export interface ParsedAdvertisement {
  pools: pulumi.Input<string[]> | undefined;
  poolSelectors: pulumi.Input<LabelSelector[]> | undefined;
  interfaces: pulumi.Input<string[]> | undefined;
  nodeSelectors: pulumi.Input<LabelSelector[]> | undefined;
  preferredNodes: pulumi.Input<PreferredNodeSelector[]> | undefined;
  serviceSelectors: pulumi.Input<LabelSelector[]> | undefined;
  adopt: boolean;
}

/** With the name of the object. */
export type Named<T> = T & { name: string };

/** Where an object of its own goes. */
export interface Place {
  name: pulumi.Input<string>;
  namespace: pulumi.Input<string>;
}

/** Pools whose shape and plain values have been checked. */
export function parsePools(pools: readonly Pool[]): Named<ParsedPool>[] {
  const every = pulumi.all(pools.map(({ addresses }) => pulumi.output(addresses)));
  return pools.map((pool, index) => ({
    name: pool.name,
    ...parsePool(
      pool,
      hasComputed(pool.addresses)
        ? every.apply((lists) => checkPool(pools, lists, index))
        : (pool.addresses as string[]),
      `pools[${index}].`,
    ),
  }));
}

/** Advertisements whose shape and plain values have been checked. */
export function parseAdvertisements(advertisements: readonly Advertisement[]): Named<ParsedAdvertisement>[] {
  return advertisements.map((advertisement, index) => ({
    name: advertisement.name,
    ...parseAdvertisement(advertisement, `advertisements[${index}].`),
  }));
}

/** @throws ArgsError */
export function parseAddressPool(resource: string, args: AddressPoolArgs): ParsedPool & Place {
  const own = [{ addresses: record(args)['addresses'] }];
  refuse(
    [
      ...problemsOf(addressPoolArgsSchema, args, ''),
      ...nameProblems(resource, args),
      ...overlapProblems(own, () => 'addresses'),
      ...adoptionProblems(args),
    ],
    'AddressPool',
  );
  return {
    ...placeOf(resource, args),
    ...parsePool(args, checked(addressesSchema, args.addresses, 'addresses'), ''),
  };
}

/** @throws ArgsError */
export function parseL2Advertisement(
  resource: string,
  args: L2AdvertisementArgs,
): ParsedAdvertisement & Place {
  refuse(
    [
      ...problemsOf(l2AdvertisementArgsSchema, args, ''),
      ...nameProblems(resource, args),
      ...adoptionProblems(args),
    ],
    'L2Advertisement',
  );
  return { ...placeOf(resource, args), ...parseAdvertisement(args, '') };
}

/** What only shows between pools, advertisements and the namespace; any shape is passed over that is wrong. */
export function poolProblems({ namespace, pools, advertisements }: Record<string, unknown>): ArgsProblem[] {
  return [
    ...duplicateProblems('pools', list(pools)),
    ...overlapProblems(list(pools), (index) => `pools[${index}].addresses`),
    ...duplicateProblems('advertisements', list(advertisements)),
    ...unknownPoolProblems(list(pools), list(advertisements)),
    ...list(pools).flatMap((pool, i) => adoptionProblems({ ...pool, namespace }, `pools[${i}].`)),
    ...list(advertisements).flatMap((each, i) =>
      adoptionProblems({ ...each, namespace }, `advertisements[${i}].`),
    ),
  ];
}

function placeOf(resource: string, { name, namespace }: AddressPoolArgs | L2AdvertisementArgs): Place {
  return {
    name: checked(objectName, name ?? resource, 'name'),
    namespace: checked(namespaceSchema, namespace ?? DEFAULT_NAMESPACE, 'namespace'),
  };
}

function parsePool(settings: PoolSettings, addresses: pulumi.Input<string[]>, path: string): ParsedPool {
  const { autoAssign = true, avoidBuggyIPs = false, serviceAllocation, adopt = false } = settings;
  return {
    addresses,
    autoAssign: checked(flag, autoAssign, `${path}autoAssign`),
    avoidBuggyIPs: checked(flag, avoidBuggyIPs, `${path}avoidBuggyIPs`),
    serviceAllocation: checkedIfGiven(allocationSchema, serviceAllocation, `${path}serviceAllocation`),
    adopt,
  };
}

function parseAdvertisement(settings: AdvertisementSettings, path: string): ParsedAdvertisement {
  const { shape } = advertisementSchema;
  const given = <Field extends Exclude<keyof AdvertisementSettings, 'adopt'>>(field: Field) =>
    checkedIfGiven(shape[field] as z.ZodType, settings[field], `${path}${field}`);
  return {
    pools: given('pools') as ParsedAdvertisement['pools'],
    poolSelectors: given('poolSelectors') as ParsedAdvertisement['poolSelectors'],
    interfaces: given('interfaces') as ParsedAdvertisement['interfaces'],
    nodeSelectors: given('nodeSelectors') as ParsedAdvertisement['nodeSelectors'],
    preferredNodes: given('preferredNodes') as ParsedAdvertisement['preferredNodes'],
    serviceSelectors: given('serviceSelectors') as ParsedAdvertisement['serviceSelectors'],
    adopt: settings.adopt ?? false,
  };
}

/** @throws ArgsError for what is wrong with the addresses of the pool at `index` now that all are known */
function checkPool(pools: readonly Pool[], lists: readonly string[][], index: number): string[] {
  const own = lists[index] ?? [];
  const known = pools.map(({ name }, i) => ({ name, addresses: lists[i] ?? [] }));
  refuse([
    ...problemsOf(addressesSchema, own, `pools[${index}].addresses`),
    ...overlapProblems(known, (i) => `pools[${i}].addresses`),
  ]);
  return own;
}

/** The name of a resource need not be one Kubernetes takes. */
function nameProblems(resource: string, args: unknown): ArgsProblem[] {
  return record(args)['name'] === undefined ? problemsOf(objectName, resource, 'name') : [];
}

/** Pulumi takes over an object by its name, and has to know it before anything runs. */
function adoptionProblems(item: unknown, path = ''): ArgsProblem[] {
  const { adopt, name, namespace } = record(item);
  if (adopt !== true || (!isComputed(name) && !isComputed(namespace))) return [];
  const message = `what exists is found by its name, and the ${isComputed(name) ? 'name' : 'namespace'} is only known later; write it out`;
  return [{ path: `${path}adopt`, message }];
}

function duplicateProblems(path: string, items: readonly Record<string, unknown>[]): ArgsProblem[] {
  return items.flatMap(({ name }, index) => {
    const first = items.findIndex((item) => item['name'] === name);
    if (typeof name !== 'string' || first === index) return [];
    const message = `"${name}" is the name of ${path}[${first}] already; names must differ`;
    return [{ path: `${path}[${index}].name`, message }];
  });
}

function overlapProblems(
  pools: readonly Record<string, unknown>[],
  pathOf: (pool: number) => string,
): ArgsProblem[] {
  const ranges = pools.flatMap(({ addresses }, pool) =>
    (Array.isArray(addresses) ? addresses : []).flatMap((text: unknown, position) => {
      const range = rangeOf(text);
      return range === undefined ? [] : [{ path: `${pathOf(pool)}[${position}]`, text, range }];
    }),
  );
  return ranges.flatMap(({ path, text, range }, index) => {
    const other = ranges.slice(0, index).find((earlier) => rangesOverlap(earlier.range, range));
    if (other === undefined) return [];
    const message = `"${String(text)}" shares addresses with "${String(other.text)}" of ${other.path}; give every address to one range`;
    return [{ path, message }];
  });
}

function unknownPoolProblems(
  pools: readonly Record<string, unknown>[],
  advertisements: readonly Record<string, unknown>[],
): ArgsProblem[] {
  const names = pools.map(({ name }) => name);
  return advertisements.flatMap(({ pools: wanted }, index) =>
    (Array.isArray(wanted) ? wanted : []).flatMap((name: unknown, position) => {
      if (typeof name !== 'string' || names.includes(name)) return [];
      const message = `there is no pool "${name}"; the pools are ${names.map((known) => `"${String(known)}"`).join(', ') || 'none'}`;
      return [{ path: `advertisements[${index}].pools[${position}]`, message }];
    }),
  );
}

function rangeOf(text: unknown): AddressRange | undefined {
  try {
    return typeof text === 'string' ? parseAddressRange(text) : undefined;
  } catch {
    return undefined;
  }
}
