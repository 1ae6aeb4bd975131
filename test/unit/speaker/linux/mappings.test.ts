import { cleanMappings } from '../../../../speaker/src/linux/mappings.js';

/** An entry of /proc/self/smaps, with the lines between that are of no interest left out. */
function entry(head: string, anonymousKb: number): string {
  return `${head}
Size:               4096 kB
Rss:                1024 kB
Private_Dirty:         0 kB
Anonymous:      ${String(anonymousKb).padStart(8)} kB
LazyFree:              0 kB
VmFlags: rd ex mr mw me`;
}

const CODE = '00400000-00c00000 r-xp 00001000 08:01 246999                             /usr/local/bin/node';

describe('mappings that hold nothing but what is in a file', () => {
  it.each([
    ['code', CODE, 0, [{ start: 0x400000, length: 0x800000 }]],
    ['constants', CODE.replace('r-xp', 'r--p'), 0, [{ start: 0x400000, length: 0x800000 }]],
    ['code under a path with a blank', `${CODE} (deleted)`, 0, []],
    ['code the loader has changed', CODE, 4, []],
    ['what can be written', CODE.replace('r-xp', 'rw-p'), 0, []],
    ['what others share', CODE.replace('r-xp', 'r-xs'), 0, []],
    ['what cannot be read', CODE.replace('r-xp', '---p'), 0, []],
    ['memory without a file', '7f0000000000-7f0000001000 r--p 00000000 00:00 0 ', 0, []],
    [
      'the kernel’s own',
      '7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]',
      0,
      [],
    ],
  ])('%s', (_, head, anonymousKb, expected) => {
    expect(cleanMappings(entry(head, anonymousKb))).toEqual(expected);
  });

  it('are told apart from those before and after them', () => {
    const data =
      '00c00000-00d00000 rw-p 00800000 08:01 246999                             /usr/local/bin/node';
    const smaps = [entry(data, 64), entry(CODE, 0), entry(data, 0), ''].join('\n');
    expect(cleanMappings(smaps)).toEqual([{ start: 0x400000, length: 0x800000 }]);
  });
});
