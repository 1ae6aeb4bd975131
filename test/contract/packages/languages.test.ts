/** The component for programs in other languages: the schema they see, and one of them, in YAML, run for real. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeProject } from '../../support/packed-packages.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import { withPlugin } from './plugin.ts';

const SCHEMA = new URL('../../../component/plugin/schema.json', import.meta.url);

const PROGRAM = `
name: in-yaml
runtime: yaml
packages:
  metallb-l2: ./plugin
resources:
  metallb:
    type: metallb-l2:MetalLBLayer2
    properties:
      image: { reference: 'registry.example.com/metallb-l2:1' }
      pools:
        - { name: lan, addresses: [192.168.10.240-192.168.10.250], autoAssign: false }
outputs:
  namespace: \${metallb.namespace}
  image: \${metallb.image}
`;

interface Schema {
  readonly types: Record<string, { readonly properties?: object }>;
  readonly resources: Record<string, { readonly properties: object; readonly inputProperties: object }>;
}

it(
  'has the schema that is checked in; a program in YAML installs by it',
  async () => {
    const task = {
      log: (line: string) => process.stderr.write(`${line}\n`),
      signal: new AbortController().signal,
    };
    const yaml = dirname(await resolveTool('pulumi-language-yaml', task));
    await withPlugin(async ({ folder, pulumi, schema }) => {
      // Changed on purpose? `schema.program.ts` beside this file says how to write it anew.
      expect(await schema()).toEqual(JSON.parse(await readFile(SCHEMA, 'utf8')));

      await writeProject(folder, { 'Pulumi.yaml': PROGRAM });
      await pulumi.run(folder, ['stack', 'init', 'test']);
      const { output } = await pulumi.run(folder, ['preview']);
      expect(output).toContain('kubernetes:metallb.io/v1beta1:IPAddressPool metallb-pool-lan create');
      expect(output).toContain('namespace: "metallb-system"');
      expect(output).toContain('image    : "registry.example.com/metallb-l2:1"');
      expect(output).not.toContain('error:');
    }, yaml);
  },
  20 * 60_000,
);

it('shows other languages nothing private', async () => {
  const { types, resources } = JSON.parse(await readFile(SCHEMA, 'utf8')) as Schema;
  const names = [
    ...Object.values(types).flatMap(({ properties = {} }) => Object.keys(properties)),
    ...Object.values(resources).flatMap(({ properties, inputProperties }) =>
      Object.keys({ ...properties, ...inputProperties }),
    ),
  ];
  expect(names.filter((name) => !/^[a-z][A-Za-z]*$/.test(name))).toEqual([]);
  expect(Object.keys(resources).sort()).toEqual([
    'metallb-l2:index:AddressPool',
    'metallb-l2:index:L2Advertisement',
    'metallb-l2:index:MetalLBLayer2',
  ]);
  const { properties } = resources['metallb-l2:index:MetalLBLayer2']!;
  expect(Object.keys(properties).sort()).toEqual(['crdNames', 'image', 'namespace', 'ready']);
});
