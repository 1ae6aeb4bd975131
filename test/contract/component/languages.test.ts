import { createRequire } from 'node:module';
import { join } from 'node:path';

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

const FOLDER = join(import.meta.dirname, '../../../component');

describe('the component in other languages', () => {
  const analyze = () => {
    const manifest = require(join(FOLDER, 'package.json')) as { exports: unknown; main: string };
    // What is analyzed is the source, whatever has been built.
    const source = { ...manifest, main: './src/index.ts', exports: { '.': './src/index.ts' } };
    return new Analyzer(FOLDER, 'metallb-l2', source, new Set(['MetalLBLayer2'])).analyze();
  };

  it('has every argument and every output, and none besides', () => {
    const { components, typeDefinitions } = analyze();
    expect(Object.keys(components['MetalLBLayer2']?.inputs ?? {}).sort()).toEqual([
      'admissionPolicy',
      'advertisements',
      'createNamespace',
      'image',
      'logLevel',
      'namespace',
      'pools',
    ]);
    expect(Object.keys(components['MetalLBLayer2']?.outputs ?? {}).sort()).toEqual([
      'crdNames',
      'image',
      'namespace',
      'ready',
    ]);
    expect(Object.keys(typeDefinitions).sort()).toEqual([
      'Advertisement',
      'Image',
      'ImageBuild',
      'LabelSelector',
      'LabelSelectorRequirement',
      'Pool',
    ]);
  });
});
