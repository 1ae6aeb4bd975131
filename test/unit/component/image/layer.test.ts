import { extract } from 'tar-stream';
import { packLayer } from '../../../../component/src/image/layer.js';

const FILES = [
  { path: 'app/node_modules/koffi/koffi.node', executable: true, bytes: Buffer.from('native') },
  { path: 'app/main.mjs', executable: false, bytes: Buffer.from('export {};') },
];

async function entriesOf(tar: Uint8Array) {
  const entries: { name: string; text: string; mode: number | undefined; owner: string; date: number }[] = [];
  const parser = extract();
  parser.end(Buffer.from(tar));
  for await (const entry of parser) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, mode, uid, gid, mtime } = entry.header;
    const text = Buffer.concat(chunks).toString();
    entries.push({ name, text, mode, owner: `${uid}:${gid}`, date: mtime.getTime() });
  }
  return entries;
}

describe('a layer', () => {
  it('holds the folders before the files, all owned by root and dated 1970', async () => {
    const { bytes } = await packLayer(FILES);
    const common = { owner: '0:0', date: 0 };
    expect(await entriesOf(bytes)).toEqual([
      { name: 'app/', text: '', mode: 0o755, ...common },
      { name: 'app/node_modules/', text: '', mode: 0o755, ...common },
      { name: 'app/node_modules/koffi/', text: '', mode: 0o755, ...common },
      { name: 'app/main.mjs', text: 'export {};', mode: 0o644, ...common },
      { name: 'app/node_modules/koffi/koffi.node', text: 'native', mode: 0o755, ...common },
    ]);
  });

  it('has the same digest whatever the order of the files', async () => {
    expect((await packLayer([...FILES].reverse())).digest).toBe((await packLayer(FILES)).digest);
  });

  it('has another digest when a byte changes', async () => {
    const changed = FILES.map((file) => ({ ...file, bytes: Buffer.concat([file.bytes, Buffer.from(' ')]) }));
    expect((await packLayer(changed)).digest).not.toBe((await packLayer(FILES)).digest);
  });
});
