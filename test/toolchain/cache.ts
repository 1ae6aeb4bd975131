/** The one folder outside the repository in which anything is kept: built tools, images and running labs. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `METALLB_L2_CACHE`, else `metallb-l2` in `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const chosen = env['METALLB_L2_CACHE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const caches = env['XDG_CACHE_HOME'];
  return join(caches === undefined || caches === '' ? join(homedir(), '.cache') : caches, 'metallb-l2');
}
