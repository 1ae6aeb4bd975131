import { getEventListeners } from 'node:events';
import { inScope } from '../../../../speaker/src/membership/scope.js';

describe('inScope', () => {
  it('ends what was started in it when its body is done, and leaves no trace in the signal', async () => {
    const outer = new AbortController();
    let scope: AbortSignal | undefined;
    const result = await inScope(outer.signal, async (inner) => {
      scope = inner;
      expect(inner.aborted).toBe(false);
      return 7;
    });
    expect(result).toBe(7);
    expect(scope?.aborted).toBe(true);
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });

  it('ends it when the body fails, too', async () => {
    const outer = new AbortController();
    let scope: AbortSignal | undefined;
    const failing = inScope(outer.signal, async (inner) => {
      scope = inner;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(scope?.aborted).toBe(true);
  });

  it('ends with the signal it is in, also one that has ended before', async () => {
    const outer = new AbortController();
    const waiting = inScope(outer.signal, (inner) => {
      return new Promise<string>((resolve) => inner.addEventListener('abort', () => resolve('ended')));
    });
    outer.abort();
    expect(await waiting).toBe('ended');
    expect(await inScope(outer.signal, async (inner) => inner.aborted)).toBe(true);
  });
});
