// The bill of materials of an image: what esbuild took from which package, and what is copied beside it, in
// CycloneDX 1.6 (ECMA-424) JSON. Without serial number and time, which are optional there, it is the same for
// the same packages.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The folders of the packages of which something came into the bundle, by esbuild's metafile. `root` is what its
 * paths start from.
 */
export function packageFoldersOf({ outputs }, root) {
  const paths = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const folders = paths.flatMap((path) => {
    // The innermost: a package may lie in another's node_modules. Beside ours lie those of the workspace.
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+|^\.\.\/[^/]+/.exec(path) ?? [];
    return folder === undefined ? [] : [join(root, folder)];
  });
  return [...new Set(folders)];
}

/** @param folders of packages; the first one is what the bill is about */
export async function billOfMaterials(folders) {
  const [main, ...rest] = await Promise.all(folders.map(componentIn));
  const components = [...new Map(rest.map((each) => [each['bom-ref'], each])).values()];
  components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...main, type: 'application' } },
    components,
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

async function componentIn(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder}: package.json names no licence`);
  const [scope, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
  // https://github.com/package-url/purl-spec: the "@" of a scope is percent-encoded.
  const purl = `pkg:npm/${scope === undefined ? '' : `${encodeURIComponent(scope)}/`}${short}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    ...(scope === undefined ? {} : { group: scope }),
    name: short,
    version,
    licenses: [/ (OR|AND|WITH) /.test(license) ? { expression: license } : { license: { id: license } }],
    purl,
  };
}
