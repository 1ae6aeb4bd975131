// One jest project for each level of test: `npm run test:unit` runs the project named `unit`, and so on.
// Sources are transformed from TypeScript as they are, so no level depends on a build that may be stale.
const base = {
  rootDir: import.meta.dirname,
  // By default in the folder for temporary files, which `npm test` gives each run anew.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@metallb-l2/sdk$': '<rootDir>/sdk/src/index.ts',
    '^@metallb-l2/sdk/(.+)$': '<rootDir>/sdk/src/$1/index.ts',
    '^@metallb-l2/component$': '<rootDir>/component/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
};

const level = (name, options = {}) => ({
  ...base,
  ...options,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

export default {
  // pulumi and client-node leak about 30 MB for each file that imports them into jest's module registry.
  workerIdleMemoryLimit: '500MB',
  // Milliseconds. A test fails by the condition it waits for, a minute at most, and says which; this is for one that
  // hangs, on a machine however busy.
  testTimeout: 120_000,
  projects: [level('unit'), level('contract'), level('cluster'), level('e2e')],
};
