// Besides the usual rules this file keeps the architecture: who may import whom, and who may touch the
// outside world. Each restriction carries the reason a reader needs when it stops them.
import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Forbids imports by pattern: `[regex, why]`. */
const forbidImports = (...rules) => [
  'error',
  { patterns: rules.map(([regex, message]) => ({ regex, message })) },
];

const clientNode = [
  '^@kubernetes/client-node',
  'Only sdk/src/kube/connect* talks to client-node; use the KubeApi port.',
];
const pulumi = ['^@pulumi/', 'Pulumi belongs to the component.'];
const ours = ['^@metallb-l2/', 'The sdk is the bottom: it imports nothing of ours.'];
const speaker = [
  '^@metallb-l2/speaker',
  'What component and speaker share lives in @metallb-l2/sdk/settings.',
];
const component = ['^@metallb-l2/component', 'The speaker does not know who deploys it.'];
const tests = ['/(test|examples)/', 'Nothing imports tests or examples.'];
const io = ['^node:(?!crypto$)', 'A pure room: pass what it needs in as a port.'];
const koffi = ['^koffi', 'Native calls belong to speaker/src/linux.'];
const linuxRoom = ['/linux/', 'Sockets are passed in as ports; only lan-worker.ts opens real ones.'];

const pureGlobals = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process', 'console'].map((name) => ({
    name,
    message: 'A pure room: pass a Clock, Random or another port in.',
  })),
];
const pureProperties = [
  { object: 'Date', property: 'now', message: 'A pure room: pass a Clock in.' },
  { object: 'Math', property: 'random', message: 'A pure room: pass a Random in.' },
];
const pure = {
  'no-restricted-globals': ['error', ...pureGlobals],
  'no-restricted-properties': ['error', ...pureProperties],
};

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: [] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers and booleans read well in template strings; objects do not and stay forbidden.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Leaving a field out by naming it beside the rest is the plainest way to do so.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['**/*.{ts,mjs}'],
    plugins: { 'import-x': importX },
    languageOptions: {
      globals: {
        process: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        console: 'readonly',
      },
    },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.js', '.mjs'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-duplicates': ['error', { 'prefer-inline': false }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
    },
  },
  { files: ['sdk/src/**', 'component/src/**', 'speaker/src/**'], rules: { 'no-console': 'error' } },

  // Directions between packages.
  {
    files: ['sdk/src/**'],
    rules: { 'no-restricted-imports': forbidImports(ours, pulumi, tests, clientNode) },
  },
  {
    files: ['sdk/src/kube/connect*.ts', 'sdk/src/kube/connect/**'],
    rules: { 'no-restricted-imports': forbidImports(ours, pulumi, tests) },
  },
  {
    files: ['component/src/**'],
    rules: { 'no-restricted-imports': forbidImports(speaker, tests, clientNode) },
  },
  {
    files: ['speaker/src/**'],
    rules: { 'no-restricted-imports': forbidImports(component, pulumi, tests, clientNode, koffi, linuxRoom) },
  },
  {
    files: ['speaker/src/linux/**', 'speaker/src/lan/{join-gossip,lan-worker}.ts', 'speaker/src/main.ts'],
    rules: { 'no-restricted-imports': forbidImports(component, pulumi, tests, clientNode) },
  },

  // Pure rooms: no I/O, no clock, no chance.
  { files: ['sdk/src/cli/**'], ignores: ['sdk/src/cli/main.ts'], rules: pure },
  {
    files: ['sdk/src/{models,crds,settings,election,explain,doctor}/**'],
    rules: { 'no-restricted-imports': forbidImports(ours, pulumi, tests, clientNode, io), ...pure },
  },
  {
    files: ['component/src/args/**', 'component/src/rbac.ts'],
    rules: { 'no-restricted-imports': forbidImports(speaker, tests, clientNode, io), ...pure },
  },
  {
    files: ['speaker/src/{wire,layer2,membership,controller}/**', 'speaker/src/reconcile.ts'],
    rules: {
      'no-restricted-imports': forbidImports(component, pulumi, tests, clientNode, koffi, linuxRoom, io),
      ...pure,
    },
  },

  {
    files: ['test/**', 'examples/**'],
    rules: {
      // Fakes and tables of cases are read as wholes.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['test/**/*.test.ts', 'test/**/*.contract.ts'], rules: { 'max-lines': ['error', 600] } },
);
