/**
 * Files as a layer: an uncompressed tar whose bytes depend on nothing but the files, so that a build
 * yields the same digest whatever machine, user, time zone or version of zlib made it.
 */
import { pack } from 'tar-stream';
import { type Content, MEDIA_TYPES, contentOf } from './oci.js';

export interface LayerFile {
  /** Relative to the layer's root, with `/`: `app/main.mjs`. */
  path: string;
  /** Whether it may be run; files are 0755 or 0644, nothing else. */
  executable: boolean;
  bytes: Uint8Array;
}

/** Packs files, and the folders they lie in, owned by root and dated 1970. */
export async function packLayer(files: readonly LayerFile[]): Promise<Content> {
  const tar = pack();
  const attributes = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };
  for (const name of foldersOf(files)) {
    tar.entry({ ...attributes, name: `${name}/`, type: 'directory', mode: 0o755 });
  }
  for (const file of [...files].sort((a, b) => compare(a.path, b.path))) {
    const mode = file.executable ? 0o755 : 0o644;
    tar.entry({ ...attributes, name: file.path, type: 'file', mode }, Buffer.from(file.bytes));
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return contentOf(MEDIA_TYPES.layer, Buffer.concat(chunks));
}

/** Every folder once, parents before children. */
function foldersOf(files: readonly LayerFile[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_, depth) => folders.add(parts.slice(0, depth + 1).join('/')));
  }
  return [...folders].sort(compare);
}

/** By code unit: `localeCompare` would let the machine's locale into the digest. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
