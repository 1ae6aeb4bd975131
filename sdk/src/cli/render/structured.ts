/** Data for other programs. Times are RFC 3339, and what JSON and YAML say is the same. */

/** Lines of indented JSON. */
export function jsonLines(data: unknown): string[] {
  return JSON.stringify(data, undefined, 4).split('\n');
}

/** Lines of one YAML document, which readers of YAML 1.1 (as kubectl) and 1.2 take alike. */
export async function yamlLines(data: unknown): Promise<string[]> {
  // Only who asks for YAML waits for it.
  const { stringify } = await import('yaml');
  const text = stringify(JSON.parse(JSON.stringify(data)), { version: '1.1', aliasDuplicateObjects: false });
  return text.trimEnd().split('\n');
}
