import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  addressPoolArgsSchema,
  l2AdvertisementArgsSchema,
  poolSchema,
} from '../../../component/src/args/pools-schema.js';
import { argsSchema } from '../../../component/src/args/args-schema.js';
import { speakerSchema } from '../../../component/src/args/workloads-schema.js';

// The analyzer is what `pulumi package add` runs to offer a component to Python, Go, C#, Java and YAML.
const require = createRequire(import.meta.url);
const { Analyzer } = require('@pulumi/pulumi/provider/experimental/analyzer.js') as {
  Analyzer: new (
    folder: string,
    name: string,
    packageJson: object,
    components: Set<string>,
  ) => {
    analyze(): {
      components: Record<string, { inputs: Record<string, unknown>; outputs: Record<string, unknown> }>;
      typeDefinitions: Record<string, { properties: Record<string, unknown> }>;
    };
  };
};

const SCHEMAS = {
  MetalLBLayer2: argsSchema,
  AddressPool: addressPoolArgsSchema,
  L2Advertisement: l2AdvertisementArgsSchema,
};

const FOLDER = join(import.meta.dirname, '../../../component');

describe('the component in other languages', () => {
  const analyze = () => {
    const manifest = require(join(FOLDER, 'package.json')) as { exports: unknown; main: string };
    // What is analyzed is the source, whatever has been built.
    const source = { ...manifest, main: './src/index.ts', exports: { '.': './src/index.ts' } };
    return new Analyzer(FOLDER, 'metallb-l2', source, new Set(Object.keys(SCHEMAS))).analyze();
  };

  const { components, typeDefinitions } = analyze();

  it.each(Object.entries(SCHEMAS))('has every argument of %s, and none besides', (name, { shape }) => {
    expect(Object.keys(components[name]?.inputs ?? {}).sort()).toEqual(Object.keys(shape).sort());
  });

  it('has every output, and none besides', () => {
    const outputs = Object.entries(components).map(([name, { outputs: own }]) => [
      name,
      Object.keys(own).sort(),
    ]);
    expect(Object.fromEntries(outputs)).toEqual({
      MetalLBLayer2: ['crdNames', 'image', 'namespace', 'ready'],
      AddressPool: ['name', 'namespace'],
      L2Advertisement: ['name', 'namespace'],
    });
  });

  it('has every type the arguments are made of', () => {
    expect(Object.keys(typeDefinitions).sort()).toEqual([
      'Advertisement',
      'Controller',
      'Image',
      'ImageBuild',
      'LabelRequirement',
      'LabelSelector',
      'Metrics',
      'NetworkPolicy',
      'Pool',
      'PreferredNode',
      'Resources',
      'ServiceAllocation',
      'Speaker',
      'Toleration',
    ]);
    expect(Object.keys(typeDefinitions['Speaker']?.properties ?? {}).sort()).toEqual(
      Object.keys(speakerSchema.shape).sort(),
    );
    expect(Object.keys(typeDefinitions['Pool']?.properties ?? {}).sort()).toEqual(
      Object.keys(poolSchema.shape).sort(),
    );
  });
});
