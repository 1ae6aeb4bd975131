import { jest } from '@jest/globals';
import { Listeners } from '@metallb-l2/sdk/kube';

it('calls each listener until that is ended', () => {
  const listeners = new Listeners<[number]>();
  const heard: string[] = [];
  const end = listeners.add((n) => heard.push(`a ${n}`));
  listeners.add((n) => heard.push(`b ${n}`));
  listeners.call(1);
  end();
  listeners.call(2);
  expect(heard).toEqual(['a 1', 'b 1', 'b 2']);
});

it('calls neither whom an earlier listener ended, nor in the same call whom it added', () => {
  const listeners = new Listeners();
  const heard: string[] = [];
  listeners.add(() => {
    heard.push('first');
    endSecond();
    listeners.add(() => heard.push('late'));
  });
  const endSecond = listeners.add(() => heard.push('second'));
  listeners.call();
  expect(heard).toEqual(['first']);
});

it('goes on when a listener throws, which it does not hide either', () => {
  const uncaught: (() => void)[] = [];
  const spy = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    uncaught.push(task);
  });
  const listeners = new Listeners();
  const heard: string[] = [];
  listeners.add(() => {
    throw new Error('a bug of the program');
  });
  listeners.add(() => heard.push('the other'));
  listeners.call();
  spy.mockRestore();
  expect(heard).toEqual(['the other']);
  expect(uncaught).toHaveLength(1);
  expect(uncaught[0]).toThrow('a bug of the program');
});
