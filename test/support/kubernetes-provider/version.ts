import { createRequire } from 'node:module';

interface PackageManifest {
  version: string;
}

/** The version of the real provider: the npm package that programs import asks for exactly its own. */
export const REAL_VERSION = (
  createRequire(import.meta.url)('@pulumi/kubernetes/package.json') as PackageManifest
).version;
