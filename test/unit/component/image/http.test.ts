import { send } from '../../../../component/src/image/http.js';

/** Answers with `answers` in turn: a status or an answer, or an error for a connection that fails. */
function scripted(answers: (number | Response | Error)[]) {
  const waits: number[] = [];
  let calls = 0;
  return {
    waits,
    calls: () => calls,
    deps: {
      fetch: () => {
        const answer = answers[Math.min(calls++, answers.length - 1)];
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve(
          answer instanceof Response ? answer : new Response(null, { status: answer ?? 500 }),
        );
      },
      clock: {
        sleep: (ms: number) => {
          waits.push(ms);
          return Promise.resolve();
        },
      },
      random: () => 1,
    },
  };
}

const REQUEST = { method: 'GET', url: new URL('http://registry.test/v2/'), timeoutMs: 1000 } as const;

describe('a request to a registry', () => {
  it('is sent again, ever later, while the registry is busy or away', async () => {
    const { deps, waits } = scripted([503, new TypeError('fetch failed'), 429, 200]);
    expect((await send(deps, REQUEST)).status).toBe(200);
    expect(waits).toEqual([500, 1000, 2000]);
  });

  it('is given up after four tries, with the last answer', async () => {
    const { deps, calls } = scripted([500]);
    expect((await send(deps, REQUEST)).status).toBe(500);
    expect(calls()).toBe(4);
  });

  it('is given up after four tries, with the last error', async () => {
    const { deps, calls } = scripted([new TypeError('fetch failed')]);
    await expect(send(deps, REQUEST)).rejects.toThrow('fetch failed');
    expect(calls()).toBe(4);
  });

  it.each([
    ['5', 5000],
    ['3600', 30_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 500],
  ])('waits as long as the registry asks with Retry-After: %s, within reason', async (asked, ms) => {
    const { deps, waits } = scripted([
      new Response(null, { status: 429, headers: { 'retry-after': asked } }),
      200,
    ]);
    await send(deps, REQUEST);
    expect(waits).toEqual([ms]);
  });

  it('is sent again when its answer breaks off', async () => {
    const broken = new ReadableStream({ start: (answer) => answer.error(new TypeError('terminated')) });
    const { deps, calls } = scripted([new Response(broken), new Response('whole')]);
    expect(Buffer.from((await send(deps, REQUEST)).body).toString()).toBe('whole');
    expect(calls()).toBe(2);
  });

  it.each([200, 401, 404])('is not sent again after %s', async (status) => {
    const { deps, calls } = scripted([status]);
    expect((await send(deps, REQUEST)).status).toBe(status);
    expect(calls()).toBe(1);
  });
});
