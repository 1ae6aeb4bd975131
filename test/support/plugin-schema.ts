/** The schema of the plugin for other languages, as Pulumi's analyzer reads it off the component's sources. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Property {
  readonly type?: string;
}
interface Analysis {
  readonly components: Record<
    string,
    { readonly inputs: Record<string, Property>; readonly outputs: Record<string, Property> }
  >;
  readonly typeDefinitions: Record<string, { readonly properties: Record<string, Property> }>;
  readonly dependencies: readonly object[];
}
export interface PluginSchema {
  readonly language: Record<string, object>;
  readonly types: Record<string, { readonly properties?: object }>;
  readonly resources: Record<string, { readonly properties: object; readonly inputProperties: object }>;
}

const require = createRequire(import.meta.url);
const { Analyzer } = require('@pulumi/pulumi/provider/experimental/analyzer.js') as {
  Analyzer: new (
    folder: string,
    name: string,
    manifest: object,
    components: Set<string>,
  ) => {
    analyze(): Analysis;
  };
};
const { generateSchema } = require('@pulumi/pulumi/provider/experimental/schema.js') as {
  generateSchema: (
    ...args: [
      name: string,
      version: string,
      description: string,
      components: object,
      types: object,
      dependencies: readonly object[],
    ]
  ) => PluginSchema;
};

const COMPONENT = fileURLToPath(new URL('../../component', import.meta.url));
const COMPONENTS = ['AddressPool', 'L2Advertisement', 'MetalLBLayer2'];

/** What the sources say, whatever has been built. */
export async function analyzeComponent(): Promise<Analysis> {
  const manifest = await readManifest(`${COMPONENT}/package.json`);
  const source = { ...manifest, main: './src/index.ts', exports: { '.': './src/index.ts' } };
  return new Analyzer(COMPONENT, 'metallb-l2', source, new Set(COMPONENTS)).analyze();
}

export async function generatePluginSchema(): Promise<PluginSchema> {
  const { name, version, description } = await readManifest(`${COMPONENT}/plugin/package.json`);
  const { components, typeDefinitions, dependencies } = await analyzeComponent();
  const schema = generateSchema(name, version, description, components, typeDefinitions, dependencies);
  // Without it the SDK for Go lacks AdvertisementArgs, and does not compile: Pulumi's generator overlooks a list
  // of objects that stands before every object.
  const go = { ...schema.language['go'], generateExtraInputTypes: true };
  // `optional` is the analyzer's note to itself: a schema lists what is required.
  const keep = (key: string, value: unknown) => (key === 'optional' ? undefined : value);
  return JSON.parse(
    JSON.stringify({ ...schema, language: { ...schema.language, go } }, keep),
  ) as PluginSchema;
}

async function readManifest(path: string) {
  return JSON.parse(await readFile(path, 'utf8')) as { name: string; version: string; description: string };
}
