import * as z from 'zod';
import { noDuplicates, validations } from './validation.js';

export interface NameBounds {
  /** Characters of the longest name an object of that kind can have. */
  readonly longest: number;
  /** Most names in the list. */
  readonly most: number;
}

/** The names of objects, in the list `field`: none empty, each once. */
export function namesSchema(field: string, { longest, most }: NameBounds) {
  // Comparing two names costs a tenth of their length.
  const compared = longest > 100 ? 128 : 256;
  return z
    .array(z.string().meta({ minLength: 1, maxLength: longest }))
    .meta({ maxItems: most, ...validations(noDuplicates(field, { shown: 'each', most: compared })) });
}
