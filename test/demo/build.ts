import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../../scripts/run.mjs', import.meta.url));

/** `npm run build`; what it says goes to stderr. */
export function buildPackages(signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [RUN, 'build'], { stdio: ['ignore', 2, 2], signal });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the build ended with code ${code}`));
    });
  });
}
