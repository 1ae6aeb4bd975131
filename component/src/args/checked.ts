/** Values that come later, checked as soon as they are there. */
import * as pulumi from '@pulumi/pulumi';
import type * as z from 'zod';
import { refuse } from './error.js';
import { hasComputed, problemsOf } from './fields.js';

/** A plain value has been checked already; a computed one is checked when all of it is known. */
export function checked<T>(schema: z.ZodType, value: T, path: string): pulumi.Input<pulumi.Unwrap<T>> {
  if (!hasComputed(value)) return value as pulumi.Unwrap<T>;
  return pulumi.output(value).apply((known) => {
    refuse(problemsOf(schema, known, path));
    return known;
  });
}

/** As {@link checked}, for what need not be given. */
export function checkedIfGiven<T>(
  schema: z.ZodType,
  value: T | undefined,
  path: string,
): pulumi.Input<pulumi.Unwrap<T>> | undefined {
  return value === undefined ? undefined : checked(schema, value, path);
}
