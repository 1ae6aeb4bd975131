/** What schemas of arguments are made of: shapes whose refusals name the value and what to write instead. */
import { closestMatch } from 'leven';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';
import type { ArgsProblem } from './error.js';

/** Whether the value comes later, from another resource; it is checked when it comes. */
export function isComputed(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Whether any part of `value` comes later. */
export function hasComputed(value: unknown): boolean {
  if (isComputed(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasComputed);
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
    if (issue.keys.includes(OUTPUT_MARK)) {
      const message = 'an output given; write the object itself: single values in it may be outputs';
      return [{ path: at === '' ? 'args' : at, message }];
    }
    return issue.keys.map((key) => ({
      path: at === '' ? key : `${at}.${key}`,
      message: unknownField(key, issue.message.split(SEPARATOR)),
    }));
  });
}

const SEPARATOR = ', ';

/** Field of every output, by which Pulumi knows one. */
const OUTPUT_MARK = '__pulumiOutput';

/** So many letters may be wrong in a name of `length` for another one to be meant. */
const mistakes = (length: number) => Math.max(2, Math.floor(length / 3));

function unknownField(name: string, fields: readonly string[]): string {
  const meant = closestMatch(name, fields, { maxDistance: mistakes(name.length) });
  const suggestion = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
  return `there is no such field${suggestion}; the fields here are ${fields.join(SEPARATOR)}`;
}

/** A value in an error message. */
function show(value: unknown): string {
  const isShort = ['string', 'number', 'boolean'].includes(typeof value);
  return isShort ? JSON.stringify(value) : kindOf(value);
}

/** The kind of a value in an error message. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (isComputed(value)) return value instanceof Promise ? 'a promise' : 'an output';
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

export const expected = (what: string) => ({
  error: ({ input }: { input?: unknown }) => `${show(input)} given; write ${what}`,
});

export const text = (what: string) => z.string(expected(what));
/** As {@link text}; what is written instead is not shown. */
export const secretText = (what: string) =>
  z.string({ error: ({ input }: { input?: unknown }) => `${kindOf(input)} given; write ${what}` });
export const flag = z.boolean(expected('true or false'));

/** One of a few words. */
export function oneOf(values: readonly [string, ...string[]]) {
  return z.enum(values, expected(values.map((value) => `"${value}"`).join(' or ')));
}

export function matching(pattern: RegExp, longest: number, what: string) {
  return text(what).refine((value) => pattern.test(value) && value.length <= longest, {
    error: ({ input }) => `${show(input)} is not allowed; write ${what}`,
  });
}

/** A whole number from `min` to `max`, of seconds and the like. */
export function wholeNumber(min: number, max: number, unit?: string) {
  const what = `a whole number ${unit === undefined ? '' : `of ${unit} `}from ${min} to ${max}`;
  return z
    .number(expected(what))
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, expected(what));
}

/** Refuses what a parser throws at, with the parser's message. */
export function parsedBy(
  what: string,
  parse: (value: string) => unknown,
  refusal: new (message: string) => Error,
) {
  return text(what).superRefine((value, context) => {
    try {
      parse(value);
    } catch (error) {
      if (!(error instanceof refusal)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
}

/** A list, each of whose entries may come later. */
export function listOf(item: z.ZodType, what: string) {
  return z.array(computable(item), expected(`a list of ${what}`));
}

const known = new WeakMap<z.ZodType, z.ZodType>();

/** The schema a value meets once it is known; undefined for one that never comes later. */
export function knownSchema(schema: z.ZodType): z.ZodType | undefined {
  return known.get(schema);
}

/** A value, or the promise of one. */
export function computable<T>(schema: z.ZodType<T>): z.ZodType<pulumi.Input<T>> {
  const input = z.custom<pulumi.Input<T>>().superRefine((value, context) => {
    if (isComputed(value)) return;
    for (const issue of schema.safeParse(value).error?.issues ?? []) context.addIssue({ ...issue });
  });
  known.set(input, schema);
  return input;
}

/** An object without unknown fields: in plain JavaScript a misspelt one would be ignored in silence. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape, what: string) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? Object.keys(shape).join(SEPARATOR)
        : `${show(issue.input)} given; write ${what}`,
  });
}
