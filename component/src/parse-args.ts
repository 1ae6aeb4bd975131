/**
 * From what the user wrote to what the component builds: checked, with defaults, before any resource
 * exists. What is plain is refused at once, all of it in one error; what another resource computes is
 * checked as soon as its value is known.
 */
import {
  type AddressRange,
  type LabelSelector,
  parseAddressRange,
  rangesOverlap,
} from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import * as pulumi from '@pulumi/pulumi';
import type * as z from 'zod';
import type { ArgsProblem } from './args-error.js';
import { refuse } from './args-error.js';
import {
  addressesSchema,
  argsSchema,
  imageNameSchema,
  isComputed,
  logLevelSchema,
  namespaceSchema,
  platformSchema,
  problemsOf,
  repositorySchema,
} from './args-schema.js';
import type { Advertisement, ImageBuild, MetalLBLayer2Args, Pool } from './args.js';
import { platformOf } from './image/platform.js';

export interface ParsedArgs {
  namespace: pulumi.Input<string>;
  createNamespace: boolean;
  image: { reference: pulumi.Input<string> } | { build: ParsedBuild };
  pools: ParsedPool[];
  advertisements: ParsedAdvertisement[];
  logLevel: pulumi.Input<string>;
  admissionPolicy: boolean;
}

export interface ParsedBuild {
  repository: pulumi.Input<string>;
  base: pulumi.Input<string>;
  platform: pulumi.Input<string>;
  insecure: pulumi.Input<boolean>;
  credentials: { username: pulumi.Input<string>; password: pulumi.Input<string> } | undefined;
}

export interface ParsedPool {
  name: string;
  addresses: pulumi.Input<string[]>;
  autoAssign: pulumi.Input<boolean>;
  avoidBuggyIPs: pulumi.Input<boolean>;
}

/** Empty lists mean: every pool, every interface, every node. */
export interface ParsedAdvertisement {
  name: string;
  pools: string[];
  interfaces: string[];
  nodeSelectors: LabelSelector[];
}

/** The base of a built image unless another is given. */
export const DEFAULT_BASE = 'gcr.io/distroless/nodejs24-debian13';

/**
 * Checks the arguments and fills in the defaults.
 *
 * @param arch `process.arch` of this machine, the default platform of a built image
 * @throws ArgsError
 */
export function parseArgs(args: MetalLBLayer2Args, arch: string): ParsedArgs {
  refuse([...problemsOf(argsSchema, args, ''), ...crossProblems(args)]);
  return {
    namespace: checked(namespaceSchema, args.namespace ?? DEFAULT_NAMESPACE, 'namespace'),
    createNamespace: args.createNamespace ?? true,
    image: parseImage(args.image, arch),
    pools: parsePools(args.pools),
    advertisements: (args.advertisements ?? [{ name: 'default' }]).map(parseAdvertisement),
    logLevel: checked(logLevelSchema, args.logLevel ?? 'info', 'logLevel'),
    admissionPolicy: args.admissionPolicy ?? true,
  };
}

function parseImage({ reference, build }: MetalLBLayer2Args['image'], arch: string): ParsedArgs['image'] {
  if (build !== undefined) return { build: parseBuild(build, arch) };
  return { reference: checked(imageNameSchema, reference ?? '', 'image.reference') };
}

function parseBuild(build: ImageBuild, arch: string): ParsedBuild {
  const { username, password } = build;
  return {
    repository: checked(repositorySchema, build.repository, 'image.build.repository'),
    base: checked(imageNameSchema, build.base ?? DEFAULT_BASE, 'image.build.base'),
    platform: checked(platformSchema, build.platform ?? platformOf(arch), 'image.build.platform'),
    insecure: build.insecure ?? false,
    credentials: username === undefined || password === undefined ? undefined : { username, password },
  };
}

function parsePools(pools: readonly Pool[]): ParsedPool[] {
  const every = pulumi.all(pools.map(({ addresses }) => pulumi.output(addresses)));
  return pools.map((pool, index) => ({
    name: pool.name,
    addresses: isPlain(pool.addresses)
      ? pool.addresses
      : every.apply((lists) => checkPool(pools, lists, index)),
    autoAssign: pool.autoAssign ?? true,
    avoidBuggyIPs: pool.avoidBuggyIPs ?? false,
  }));
}

/** @throws ArgsError for what is wrong with the addresses of the pool at `index` now that all are known */
function checkPool(pools: readonly Pool[], lists: readonly string[][], index: number): string[] {
  const own = lists[index] ?? [];
  const known = pools.map(({ name }, i) => ({ name, addresses: lists[i] ?? [] }));
  refuse([...problemsOf(addressesSchema, own, `pools[${index}].addresses`), ...overlapProblems(known)]);
  return own;
}

function parseAdvertisement({ name, pools, interfaces, nodeSelectors }: Advertisement): ParsedAdvertisement {
  return { name, pools: pools ?? [], interfaces: interfaces ?? [], nodeSelectors: nodeSelectors ?? [] };
}

/** A plain value has been checked already; a computed one is checked when it is known. */
function checked(schema: z.ZodType<string>, value: pulumi.Input<string>, path: string): pulumi.Input<string> {
  if (!isComputed(value)) return value;
  return pulumi.output(value).apply((known) => {
    refuse(problemsOf(schema, known, path));
    return known;
  });
}

function isPlain(addresses: Pool['addresses']): addresses is string[] {
  return Array.isArray(addresses) && !addresses.some(isComputed);
}

/**
 * What only shows between fields. The shape may be wrong as well, and then all of it belongs into one
 * error: what has not the shape to be compared is passed over here.
 */
function crossProblems(args: unknown): ArgsProblem[] {
  const { image, pools, advertisements } = record(args);
  return [
    ...(isRecord(image) ? imageProblems(image) : []),
    ...duplicateProblems('pools', list(pools)),
    ...overlapProblems(list(pools)),
    ...duplicateProblems('advertisements', list(advertisements)),
    ...unknownPoolProblems(list(pools), list(advertisements)),
  ];
}

function imageProblems({ reference, build }: Record<string, unknown>): ArgsProblem[] {
  if (reference !== undefined && build !== undefined) {
    return [{ path: 'image', message: 'both "reference" and "build" given; keep one of them' }];
  }
  if (reference === undefined && build === undefined) {
    const message = 'neither "reference" nor "build" given; name an image, or a repository to build one into';
    return [{ path: 'image', message }];
  }
  const { username, password } = record(build);
  if ((username === undefined) === (password === undefined)) return [];
  const missing = username === undefined ? 'username' : 'password';
  return [{ path: `image.build.${missing}`, message: 'nothing given; a user and a password go together' }];
}

function duplicateProblems(path: string, items: readonly Record<string, unknown>[]): ArgsProblem[] {
  return items.flatMap(({ name }, index) => {
    const first = items.findIndex((item) => item['name'] === name);
    if (typeof name !== 'string' || first === index) return [];
    const message = `"${name}" is the name of ${path}[${first}] already; names must differ`;
    return [{ path: `${path}[${index}].name`, message }];
  });
}

function overlapProblems(pools: readonly Record<string, unknown>[]): ArgsProblem[] {
  const ranges = pools.flatMap(({ addresses }, pool) =>
    (Array.isArray(addresses) ? addresses : []).flatMap((text: unknown, position) => {
      const range = rangeOf(text);
      return range === undefined ? [] : [{ path: `pools[${pool}].addresses[${position}]`, text, range }];
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(record) : [];
}
