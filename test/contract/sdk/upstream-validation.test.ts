/** What upstream's own code makes of the pools and advertisements that our definitions refuse and accept. */
import { run } from '../../lab/run.ts';
import { ACCEPTED, type ConfigurationCase, REFUSED } from '../../support/configuration-cases.ts';
import { resolveTool } from '../../toolchain/resolve.ts';

/** Longest wait for the program, not yet built included, in milliseconds. */
const START_TIMEOUT_MS = 10 * 60_000;

let program: string;

beforeAll(async () => {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  program = await resolveTool('metallb-config', { log, signal: new AbortController().signal });
}, START_TIMEOUT_MS);

/** Each case with what upstream says against it; empty when it takes it. */
async function judge<T extends ConfigurationCase>(cases: readonly T[]) {
  const { code, stdout, stderr } = await run([program], { input: JSON.stringify(cases) });
  if (code !== 0) throw new Error(stderr);
  const messages = JSON.parse(stdout) as string[];
  return cases.map((each, index) => ({ ...each, upstream: messages[index] ?? 'no answer' }));
}

it('takes all that is accepted here', async () => {
  const refused = (await judge(ACCEPTED)).filter(({ upstream }) => upstream !== '');
  expect(refused.map(({ what, upstream }) => ({ what, upstream }))).toEqual([]);
});

it('refuses all that is refused here, but for what the documentation marks', async () => {
  const others = (await judge(REFUSED)).filter(
    ({ upstream, takenUpstream = false }) => (upstream === '') !== takenUpstream,
  );
  expect(others.map(({ what, upstream }) => ({ what, upstream }))).toEqual([]);
});
