import { run, runChecked } from '../../lab/run.ts';

const shell = (script: string) => ['sh', '-c', script];

describe('a command', () => {
  it('gives what it said, and how it ended', async () => {
    expect(await run(shell('cat; echo no >&2; exit 3'), { input: 'yes' })).toEqual({
      stdout: 'yes',
      stderr: 'no\n',
      code: 3,
    });
    expect(await run(shell('kill -TERM $$'))).toMatchObject({ code: 128 + 15 });
  });

  it('that has to succeed fails with what it said', async () => {
    await expect(runChecked(shell('echo no >&2; exit 3'))).rejects.toThrow(/failed \(exit code 3\): no$/);
  });

  it('that there is not fails', async () => {
    await expect(run(['/no/such/program'])).rejects.toThrow('ENOENT');
  });

  it('is given up at its time limit, also when only a program it has left behind holds its output', async () => {
    await expect(run(shell('exec sleep 20'), { timeoutMs: 100 })).rejects.toThrow('not done after 100 ms');
    await expect(run(shell('sleep 3 &'), { timeoutMs: 500 })).rejects.toThrow('not done after 500 ms');
  }, 15_000);

  it('is given up on abort, with the reason', async () => {
    const stop = new AbortController();
    const running = run(shell('exec sleep 20'), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(run(shell('exec sleep 20'), { signal: stop.signal })).rejects.toThrow('enough');
  });
});
