/**
 * Rules that the API server itself checks (CEL, `x-kubernetes-validations`), kept beside the models they
 * belong to. They become part of the CRDs and are not looked at when an object is read: what was stored
 * before there was a rule is still read.
 *
 * The API server takes no rule whose worst case, over the longest lists and texts the schema allows, may cost
 * more than 10,000,000 (`StaticEstimatedCostLimit` of apiextensions). Hence the bounds beside the rules: they
 * are what a rule can be paid for, far above what a configuration needs.
 */

/** One rule. */
export interface ValidationRule {
  readonly rule: string;
  /** CEL that gives the message; quotes the value, as servers before 1.33 leave it out of their answer. */
  readonly messageExpression: string;
}

/** The rules of one field, as metadata of its zod schema. */
export function validations(...rules: ValidationRule[]) {
  return { 'x-kubernetes-validations': rules };
}

/** A text as a literal of CEL. */
export function celText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export interface DuplicateOptions {
  /** CEL that gives the text of the item `each`, to be quoted. */
  readonly shown?: string;
  /**
   * Longer lists are let pass: comparing each item with each may cost 1,000,000 at run time (`PerCallLimit`).
   * @default 256
   */
  readonly most?: number;
}

/**
 * No item of the list comes twice.
 *
 * @param what the items are, in the plural
 */
export function noDuplicates(what: string, { shown, most = 256 }: DuplicateOptions = {}): ValidationRule {
  const isSingle = 'self.exists_one(other, other == each)';
  const rule = `size(self) > ${String(most)} || self.all(each, ${isSingle})`;
  const message = celText(`${what} are listed twice; leave one of them out`);
  if (shown === undefined) return { rule, messageExpression: message };
  const twice = `self.filter(each, !${isSingle}).map(each, ${shown})[0]`;
  return {
    rule,
    messageExpression: `'"' + ${twice} + '" is among the ${what} twice; leave one of them out'`,
  };
}
