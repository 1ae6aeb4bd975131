/**
 * Which network interfaces a speaker uses: upstream's file `excludel2.yaml` (ConfigMap
 * `metallb-excludel2`), and a list of our own beside upstream's.
 *
 * Upstream's patterns are Go's, these are JavaScript's. For names of interfaces they are the same, save
 * for flags inside a pattern such as `(?i)`.
 */
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { SettingsError } from './settings.js';

/** Patterns of interface names; each may match any part of a name. */
export interface InterfaceRules {
  /** Interfaces left alone. Undefined for the default list, empty for none. */
  readonly exclude: readonly RegExp[] | undefined;
  /** No others are used. Undefined for all that are not excluded. */
  readonly include: readonly RegExp[] | undefined;
}

/** Interfaces that belong to container networks, never to the LAN; upstream's list. */
export const DEFAULT_EXCLUDED_INTERFACES: readonly string[] = [
  '^docker.*',
  '^cbr.*',
  '^dummy.*',
  '^virbr.*',
  '^lxcbr.*',
  '^veth.*',
  '^lo$',
  '^cali.*',
  '^tunl.*',
  '^flannel.*',
  '^kube-ipvs.*',
  '^cni.*',
  '^nodelocaldns.*',
  '^lxc.*',
];

const pattern = z.string().transform((source, context) => {
  try {
    return new RegExp(source);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `"${source}": ${(error as Error).message}` });
    return z.NEVER;
  }
});

// Strict, since a misspelt list would silently announce on an interface it was written to keep out.
const file = z.strictObject({
  announcedInterfacesToExclude: z.array(pattern).optional(),
  announcedInterfacesToInclude: z.array(pattern).min(1).optional(),
});

/**
 * Reads the text of the file.
 *
 * @param path where it comes from, for messages
 * @throws SettingsError with a line for each fault
 */
export function parseInterfaceRules(text: string, path: string): InterfaceRules {
  let content: unknown;
  try {
    content = parseYaml(text) ?? {};
  } catch (error) {
    throw new SettingsError(`${path} is not YAML: ${(error as Error).message}`);
  }
  const result = file.safeParse(content);
  if (!result.success) {
    const lines = result.error.issues.map(({ path: field, message }) => [...field, message].join(': '));
    throw new SettingsError(`bad settings in ${path}:\n  ${lines.join('\n  ')}`);
  }
  const { announcedInterfacesToExclude: exclude, announcedInterfacesToInclude: include } = result.data;
  return { exclude, include };
}
