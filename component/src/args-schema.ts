/**
 * The shape of the arguments: every field by itself. What needs two fields to be seen is checked in
 * `parse-args.ts`.
 */
import { AddressError, parseAddressRange } from '@metallb-l2/sdk/models';
import { LOG_LEVELS } from '@metallb-l2/sdk/settings';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';
import type { ArgsProblem } from './args-error.js';
import { PLATFORMS } from './image/platform.js';
import { ImageNameError, parseImageReference } from './image/reference.js';

/** Whether the value comes later, from another resource; it is checked when it comes. */
export function isComputed(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** What `schema` has against `value`, with paths that start at `path`. */
export function problemsOf(schema: z.ZodType, value: unknown, path: string): ArgsProblem[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.flatMap((issue): ArgsProblem[] => {
    const at = issue.path.reduce(
      (parent: string, key) =>
        typeof key === 'number' ? `${parent}[${key}]` : `${parent}${parent === '' ? '' : '.'}${String(key)}`,
      path,
    );
    if (issue.code !== 'unrecognized_keys')
      return [{ path: at === '' ? 'args' : at, message: issue.message }];
    return issue.keys.map((key) => ({ path: at === '' ? key : `${at}.${key}`, message: issue.message }));
  });
}

/** A value in an error message. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return JSON.stringify(value);
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

const expected = (what: string) => ({
  error: ({ input }: { input?: unknown }) => `${show(input)} given; write ${what}`,
});

const text = (what: string) => z.string(expected(what));
const flag = z.boolean(expected('true or false'));

function oneOf(values: readonly [string, ...string[]]) {
  return z.enum(values, expected(values.map((value) => `"${value}"`).join(' or ')));
}

function matching(pattern: RegExp, longest: number, what: string) {
  return text(what).refine((value) => pattern.test(value) && value.length <= longest, {
    error: ({ input }) => `${show(input)} is not allowed; write ${what}`,
  });
}

/** Refuses what a parser throws at, with the parser's message. */
function parsedBy(what: string, parse: (value: string) => unknown, refusal: new () => Error) {
  return text(what).superRefine((value, context) => {
    try {
      parse(value);
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
}

/** A value, or the promise of one. */
function computable<T>(schema: z.ZodType<T>): z.ZodType<pulumi.Input<T>> {
  return z.custom<pulumi.Input<T>>().superRefine((value, context) => {
    if (isComputed(value)) return;
    for (const issue of schema.safeParse(value).error?.issues ?? []) context.addIssue({ ...issue });
  });
}

/** An object without unknown fields: in plain JavaScript a misspelt one would be ignored in silence. */
function fields<Shape extends z.ZodRawShape>(shape: Shape, what: string) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `there is no such field; the fields here are ${Object.keys(shape).join(', ')}`
        : `${show(issue.input)} given; write ${what}`,
  });
}

export const namespaceSchema = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  63,
  'a namespace: lower-case letters, digits and "-", at most 63 of them',
);

const objectName = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
  'a name: lower-case letters, digits, "-" and ".", at most 253 of them',
);

export const logLevelSchema = oneOf(LOG_LEVELS);
export const platformSchema = oneOf(PLATFORMS);

export const imageNameSchema = parsedBy('the name of an image', parseImageReference, ImageNameError);

export const repositorySchema = imageNameSchema.superRefine((value, context) => {
  const { tag, digest } = parseImageReference(value);
  if (tag === undefined && digest === undefined) return;
  context.addIssue({
    code: 'custom',
    message: `"${value}" has a ${tag === undefined ? 'digest' : 'tag'}; leave it out, the tag is made from what the image holds`,
  });
});

const addressRange = parsedBy('addresses like "192.168.10.0/24"', parseAddressRange, AddressError);

const atLeastOneAddress = 'the pool is empty; write at least one range like "192.168.10.0/24"';

/** The addresses of a pool, all known. */
export const addressesSchema = z
  .array(addressRange, expected('a list of ranges'))
  .min(1, { error: atLeastOneAddress });

const selector = fields(
  {
    matchLabels: z.record(z.string(), text('the value of a label'), expected('labels')).optional(),
    matchExpressions: z
      .array(
        fields(
          {
            key: text('the name of a label'),
            operator: oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            values: z.array(text('the value of a label'), expected('a list of values')).optional(),
          },
          'a requirement',
        ),
        expected('a list of requirements'),
      )
      .optional(),
  },
  'a label selector',
);

const build = fields(
  {
    repository: computable(repositorySchema),
    base: computable(imageNameSchema).optional(),
    platform: computable(platformSchema).optional(),
    insecure: computable(flag).optional(),
    username: computable(text('the user of the registry')).optional(),
    password: computable(text('the password of that user')).optional(),
  },
  'an object with "repository"',
);

const pool = fields(
  {
    name: objectName,
    addresses: computable(
      z.array(computable(addressRange), expected('a list of ranges')).min(1, { error: atLeastOneAddress }),
    ),
    autoAssign: computable(flag).optional(),
    avoidBuggyIPs: computable(flag).optional(),
  },
  'an object with "name" and "addresses"',
);

const advertisement = fields(
  {
    name: objectName,
    pools: z.array(text('the name of a pool'), expected('a list of names')).optional(),
    interfaces: z
      .array(
        matching(/^[^\s/]+$/, 15, 'the name of a network interface, at most 15 characters'),
        expected('a list of names'),
      )
      .optional(),
    nodeSelectors: z.array(selector, expected('a list of label selectors')).optional(),
  },
  'an object with "name"',
);

/** `MetalLBLayer2Args`; values that come later pass. */
export const argsSchema = fields(
  {
    namespace: computable(namespaceSchema).optional(),
    createNamespace: flag.optional(),
    image: fields(
      { reference: computable(imageNameSchema).optional(), build: build.optional() },
      'an object with "reference" or "build"',
    ),
    pools: z.array(pool, expected('a list of pools')),
    advertisements: z.array(advertisement, expected('a list of advertisements')).optional(),
    logLevel: computable(logLevelSchema).optional(),
    admissionPolicy: flag.optional(),
  },
  'an object',
);
