/** The arguments of the component, as its schema and as its declarations name them. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import * as z from 'zod';
import { knownSchema } from '../../component/src/args/fields.js';
import { selectorSchema } from '../../component/src/args/kubernetes-schema.js';

/** Paths of all fields of `schema` that hold a value: `pools[].addresses`. Selectors are one value. */
export function pathsOf(schema: z.ZodType, path = ''): string[] {
  if (schema instanceof z.ZodOptional) return pathsOf(schema.unwrap() as z.ZodType, path);
  const known = knownSchema(schema);
  if (known !== undefined) return pathsOf(known, path);
  if (schema instanceof z.ZodArray) {
    const element = pathsOf(schema.element as z.ZodType, `${path}[]`);
    return element.length === 1 && element[0] === `${path}[]` ? [path] : element;
  }
  if (!(schema instanceof z.ZodObject) || schema === selectorSchema) return [path];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, field]) =>
    pathsOf(field, path === '' ? key : `${path}.${key}`),
  );
}

/** A field as it is declared. */
export interface DeclaredField {
  path: string;
  /** Without `Input`. */
  type: string;
  optional: boolean;
  description: string;
  /** The text after `@default`; undefined when there is none. */
  byDefault: string | undefined;
}

const SOURCES = ['args', 'pools', 'workloads', 'operations'].map(
  (name) => new URL(`../../component/src/args/${name}.ts`, import.meta.url),
);

/** Fields of `interfaceName`, and of the interfaces it is made of unless they are among `leaves`. */
export function declaredFields(interfaceName: string, leaves: readonly string[]): DeclaredField[] {
  const declarations = new Map<string, ts.InterfaceDeclaration>();
  for (const url of SOURCES) {
    const source = ts.createSourceFile(url.pathname, readFileSync(url, 'utf8'), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      if (ts.isInterfaceDeclaration(statement)) declarations.set(statement.name.text, statement);
    }
  }
  const visit = (name: string, prefix: string): DeclaredField[] => {
    const declaration = declarations.get(name);
    if (declaration === undefined) throw new Error(`there is no interface ${name} among the arguments`);
    const inherited = (declaration.heritageClauses ?? []).flatMap(({ types }) =>
      types.flatMap(({ expression }) => visit(expression.getText(), prefix)),
    );
    const own = declaration.members.flatMap((member): DeclaredField[] => {
      if (!ts.isPropertySignature(member) || member.type === undefined) return [];
      const type = withoutInput(member.type.getText());
      const nested = type.replace(/\[\]$/, '');
      const path = `${prefix}${member.name.getText()}`;
      const field = { path, type, optional: member.questionToken !== undefined, ...docOf(member) };
      if (!declarations.has(nested) || leaves.includes(nested)) return [field];
      return [field, ...visit(nested, `${path}${type.endsWith('[]') ? '[]' : ''}.`)];
    });
    return [...own, ...inherited];
  };
  return visit(interfaceName, '');
}

/** `pulumi.Input<pulumi.Input<string>[]>` is `string[]` to whoever writes it. */
function withoutInput(type: string): string {
  const inner = /^(.*?)pulumi\.Input<(.*)$/s.exec(type);
  if (inner === null) return type.replaceAll(/\s+/g, ' ');
  const [, before = '', after = ''] = inner;
  let depth = 1;
  let end = 0;
  for (; depth > 0; end++) depth += after[end] === '<' ? 1 : after[end] === '>' ? -1 : 0;
  return withoutInput(`${before}${after.slice(0, end - 1)}${after.slice(end)}`);
}

function docOf(node: ts.Node): Pick<DeclaredField, 'description' | 'byDefault'> {
  const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = (comment: ts.JSDoc['comment']) =>
    (ts.getTextOfJSDocComment(comment) ?? '').replaceAll(/\s+/g, ' ');
  const tag = doc?.tags?.find(({ tagName }) => tagName.text === 'default');
  return { description: text(doc?.comment).trim(), byDefault: tag && text(tag.comment).trim() };
}
