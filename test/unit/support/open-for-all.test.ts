import { openForAll, type OpenForAll } from '../../support/open-for-all.ts';

describe('what is opened for all tests', () => {
  const closed: string[] = [];
  const close = (name: string) => closed.push(name);
  let opened: OpenForAll;

  describe('while they run', () => {
    opened = openForAll();

    beforeAll(async () => {
      await opened.open(Promise.resolve('first'), close);
      opened.defer(() => close('second'));
      const failing = opened.open(Promise.reject(new Error('cannot be opened')), close);
      await expect(failing).rejects.toThrow('cannot be opened');
      const late = Promise.withResolvers<string>();
      opened.signal.addEventListener('abort', () => {
        closed.push('given up');
        late.resolve('late');
      });
      void opened.open(late.promise, close);
    });

    it('is open', () => {
      expect([closed, opened.signal.aborted]).toEqual([[], false]);
    });
  });

  it('is closed afterwards, in reverse, when what was still being opened has been given up', () => {
    expect(closed).toEqual(['given up', 'late', 'second', 'first']);
    expect(opened.signal.aborted).toBe(true);
  });
});
