import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../toolchain/cache.ts';
import { isGoRecentEnough } from '../../toolchain/go-build.ts';
import { cacheKey, resolveTool } from '../../toolchain/resolve.ts';
import { type Tool, TOOLS } from '../../toolchain/tools.ts';

const TOOLCHAIN = join(import.meta.dirname, '../../toolchain');

/** Every tool but the one that is made of Go's own library only. */
const PINNED = Object.entries(TOOLS).filter(([name]) => name !== 'lan-probe');
/** Their sources name the version. */
const KNOW_THEIR_VERSION = ['etcd', 'metallb-controller', 'metallb-speaker'];

describe('the pinned tools', () => {
  it.each(PINNED)('%s is named by the version its go.mod pins, and is a tool there', (_, tool: Tool) => {
    const pinned = tool.library ?? tool.package;
    const goMod = readFileSync(join(TOOLCHAIN, tool.module, 'go.mod'), 'utf8');
    const module = [...goMod.matchAll(/^\s*(?:require )?(\S+) (v\S+)/gm)].find(
      ([, path = '']) => pinned === path || pinned.startsWith(`${path}/`),
    );
    expect(module?.[2]).toBe(tool.version);
    expect(goMod).toMatch(new RegExp(`^\\s*(tool |module )?${tool.package}$`, 'm'));
  });

  it.each(PINNED.filter(([name]) => !KNOW_THEIR_VERSION.includes(name)))(
    '%s says its version when asked',
    (_, { version, ldflags, library }: Tool) => {
      // A program of ours is asked by nobody.
      if (library === undefined) expect(ldflags).toContain(version);
    },
  );
});

describe('a cache entry', () => {
  const tool: Tool = TOOLS.kubelet;

  it('is another one for another go.mod, package or flags, and the same for the same', () => {
    const keys = [
      cacheKey('kubelet', tool, 'a'),
      cacheKey('kubelet', tool, 'b'),
      cacheKey('kubelet', { ...tool, ldflags: '' }, 'a'),
      cacheKey('kubelet', { ...tool, package: 'x' }, 'a'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(cacheKey('kubelet', { ...tool }, 'a')).toBe(keys[0]);
    expect(keys[0]).toMatch(/^kubelet-v[\d.]+-[0-9a-f]{12}$/);
  });

  it('lies in the folder of METALLB_L2_CACHE, else of XDG_CACHE_HOME, else of the home', () => {
    expect(cacheFolder({ METALLB_L2_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/metallb-l2');
    expect(cacheFolder({ METALLB_L2_CACHE: '', XDG_CACHE_HOME: '' })).toMatch(/\/\.cache\/metallb-l2$/);
  });
});

describe('an executable of one’s own', () => {
  const { env } = TOOLS.kubelet;
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });
  const task = { log: () => undefined, signal: new AbortController().signal };

  it('is used as it is', async () => {
    process.env[env] = process.execPath;
    expect(await resolveTool('kubelet', task)).toBe(process.execPath);
  });

  it.each([['/nowhere/kubelet'], [import.meta.dirname], [import.meta.filename]])(
    'is refused when it is none: %s',
    async (path) => {
      process.env[env] = path;
      await expect(resolveTool('kubelet', task)).rejects.toThrow(`${env}=${path} is not an executable file`);
    },
  );
});

describe('the Go compiler', () => {
  it.each([
    ['go version go1.26.8 linux/amd64', true],
    ['go version go1.26rc1 linux/arm64', true],
    ['go version go1.27.0 linux/amd64', true],
    ['go version go2.0.0 linux/amd64', true],
    ['go version devel go1.27-abc linux/amd64', true],
    ['go version go1.25.9 linux/amd64', false],
    ['go version go1.9 linux/amd64', false],
    ['', false],
  ])('"%s": recent enough is %s', (answer, expected) => {
    expect(isGoRecentEnough(answer)).toBe(expected);
  });
});
