import { execFile } from 'node:child_process';

const MODULE = new URL('../../support/stop-signal.ts', import.meta.url).href;

/** Runs a program that takes a turn to clean up once it is stopped, and does `script` before. */
function runStopped(script: string): Promise<{ code: number; stdout: string }> {
  const program = `
    import { stopSignal } from '${MODULE}';
    let time = 0;
    const working = setInterval(() => undefined, 1000);
    const stop = stopSignal(() => time);
    stop.addEventListener('abort', () => setImmediate(() => {
      console.log(stop.reason.message + ', cleaned up');
      clearInterval(working);
    }));
    ${script}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });
}

describe('a command that is stopped', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('by %s cleans up', async (signal) => {
    const ended = await runStopped(`process.kill(process.pid, '${signal}');`);
    expect(ended).toEqual({ code: 0, stdout: `stopped by ${signal}, cleaned up\n` });
  });

  it('by one Ctrl-C, which terminal, npm and run.mjs each send, cleans up', async () => {
    const ended = await runStopped(`for (let i = 0; i < 3; i++) process.emit('SIGINT');`);
    expect(ended).toEqual({ code: 0, stdout: 'stopped by SIGINT, cleaned up\n' });
  });

  it('by a terminal that is closed, which output and signal each tell, cleans up', async () => {
    const ended = await runStopped(
      `time = 5000; process.stdout.emit('error', { code: 'EIO' }); process.emit('SIGHUP');`,
    );
    expect(ended).toEqual({ code: 0, stdout: 'nobody reads the output, cleaned up\n' });
  });

  it('ends at once when it is asked again later', async () => {
    const ended = await runStopped(`process.emit('SIGINT'); time = 5000; process.emit('SIGINT');`);
    expect(ended).toEqual({ code: 130, stdout: '' });
  });
});
