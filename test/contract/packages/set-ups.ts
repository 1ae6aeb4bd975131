/** The projects people write Pulumi programs in, and what of ours works there. */
import type { NodeVersion, TypeScriptVersion } from '../../support/packed-packages.ts';

export interface SetUp {
  readonly name: string;
  /** Absent: the one inside @pulumi/pulumi, 3.8, or none at all. */
  readonly typescript?: TypeScriptVersion;
  /** Whether the project has ts-node 10.9 installed. */
  readonly tsNode?: boolean;
  readonly files: Readonly<Record<string, string>>;
  readonly nodes: readonly NodeVersion[];
  /** The compiler's errors by where they are: none, unless said here. */
  readonly typeErrors?: readonly string[];
  /** What the program fails with, where it does not run. */
  readonly fails?: RegExp;
}

const USE = `
const metallb = new MetalLBLayer2('metallb', {
  image: { reference: 'registry.example.com/metallb-l2:1' },
  pools: [{ name: 'lan', addresses: ['192.168.10.240-192.168.10.250'] }],
});
`;
const SDK = `[typeof ServiceL2StatusClient, IP_ADDRESS_POOLS.plural].join(' ')`;
const IMPORTS = `
import * as pulumi from '@pulumi/pulumi';
import { MetalLBLayer2 } from '@metallb-l2/component';
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { IP_ADDRESS_POOLS } from '@metallb-l2/sdk/models';
`;
const TYPESCRIPT = `${IMPORTS}${USE}
export const namespace: pulumi.Output<string> = metallb.namespace;
export const sdk = ${SDK};
`;
const COMMONJS = `
const { MetalLBLayer2 } = require('@metallb-l2/component');
const { ServiceL2StatusClient } = require('@metallb-l2/sdk');
const { IP_ADDRESS_POOLS } = require('@metallb-l2/sdk/models');
${USE}
exports.namespace = metallb.namespace;
exports.sdk = ${SDK};
`;
const ESM = TYPESCRIPT.replace(': pulumi.Output<string>', '');

const yaml = (options = '') => `name: consumer\nruntime:\n  name: nodejs\n${options}`;
const manifest = (fields: object) => JSON.stringify({ name: 'consumer', private: true, ...fields });

/** As `pulumi new` wrote it (pulumi/templates, kubernetes-typescript), and writes it now. */
const TEMPLATE = {
  strict: true,
  outDir: 'bin',
  sourceMap: true,
  experimentalDecorators: true,
  pretty: true,
  noFallthroughCasesInSwitch: true,
  noImplicitReturns: true,
  forceConsistentCasingInFileNames: true,
};
const OLD = { ...TEMPLATE, target: 'es2016', module: 'commonjs', moduleResolution: 'node' };
const CURRENT = { ...TEMPLATE, target: 'es2020', module: 'nodenext', moduleResolution: 'nodenext' };
const BUNDLER = {
  ...TEMPLATE,
  target: 'es2022',
  module: 'esnext',
  moduleResolution: 'bundler',
  types: ['node'],
};

function typescript(compilerOptions: object, fields: object = {}): Record<string, string> {
  return {
    'Pulumi.yaml': yaml(),
    'package.json': manifest({ main: 'index.ts', ...fields }),
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['index.ts'] }),
    'index.ts': TYPESCRIPT,
  };
}
const module = { type: 'module' };
const SUPPORTED = [22, 24] as const;
/** The compiler is what refuses, under any Node. */
const ONE = [24] as const;

/** zod's own declarations want `esModuleInterop` or `skipLibCheck`; a run does not look at them. */
const OF_ZOD = ['node_modules/zod'];

export const SET_UPS: readonly SetUp[] = [
  { name: 'old template', nodes: SUPPORTED, files: typescript(OLD) },
  { name: 'old template', typescript: 5.9, nodes: SUPPORTED, files: typescript(OLD), typeErrors: OF_ZOD },
  {
    name: 'old template',
    typescript: '6.0',
    nodes: ONE,
    files: typescript(OLD),
    // TypeScript 6 refuses `moduleResolution: node`, whatever is imported.
    typeErrors: ['tsconfig.json'],
    fails: /TS5107/,
  },
  {
    name: 'current template',
    typescript: 5.4,
    nodes: ONE,
    files: typescript(CURRENT),
    typeErrors: ['index.ts'],
    fails: /TS1479/,
  },
  {
    name: 'current template',
    typescript: 5.7,
    nodes: ONE,
    files: typescript(CURRENT),
    typeErrors: ['index.ts'],
    fails: /TS1479/,
  },
  { name: 'current template', typescript: 5.8, nodes: SUPPORTED, files: typescript(CURRENT) },
  { name: 'current template', typescript: 5.9, nodes: SUPPORTED, files: typescript(CURRENT) },
  { name: 'current template', typescript: '6.0', nodes: SUPPORTED, files: typescript(CURRENT) },
  { name: 'ESM', typescript: 5.9, nodes: SUPPORTED, files: typescript(CURRENT, module) },
  { name: 'ESM', typescript: '6.0', nodes: SUPPORTED, files: typescript(CURRENT, module) },
  {
    name: 'ESM, ts-node',
    typescript: 5.9,
    tsNode: true,
    nodes: SUPPORTED,
    files: typescript(CURRENT, module),
  },
  { name: 'ESM, bundler', typescript: 5.9, nodes: SUPPORTED, files: typescript(BUNDLER, module) },
  {
    name: 'JavaScript, ESM',
    nodes: SUPPORTED,
    files: {
      'Pulumi.yaml': yaml(),
      'package.json': manifest({ main: 'index.js', ...module }),
      'index.js': ESM,
    },
  },
  {
    name: 'JavaScript, CommonJS',
    nodes: SUPPORTED,
    files: { 'Pulumi.yaml': yaml(), 'package.json': manifest({ main: 'index.js' }), 'index.js': COMMONJS },
  },
];

export function titleOf({ name, typescript: version }: SetUp): string {
  return version === undefined ? name : `${name}, TypeScript ${version}`;
}
