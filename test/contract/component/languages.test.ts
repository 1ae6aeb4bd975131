import {
  addressPoolArgsSchema,
  l2AdvertisementArgsSchema,
  poolSchema,
} from '../../../component/src/args/pools-schema.js';
import { argsSchema } from '../../../component/src/args/args-schema.js';
import { speakerSchema } from '../../../component/src/args/workloads-schema.js';
import { analyzeComponent } from '../../support/plugin-schema.ts';

const SCHEMAS = {
  MetalLBLayer2: argsSchema,
  AddressPool: addressPoolArgsSchema,
  L2Advertisement: l2AdvertisementArgsSchema,
};

describe('the component in other languages', () => {
  let components: Awaited<ReturnType<typeof analyzeComponent>>['components'];
  let typeDefinitions: Awaited<ReturnType<typeof analyzeComponent>>['typeDefinitions'];

  beforeAll(async () => ({ components, typeDefinitions } = await analyzeComponent()));

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
