import { Awareness, failedProbeDelta } from '../../../../speaker/src/membership/awareness.js';

describe('Awareness', () => {
  it('stays between 0 and one less than its maximum', () => {
    const awareness = new Awareness(8);
    expect(awareness.add(-1)).toBe(0);
    expect(awareness.add(20)).toBe(7);
    expect(awareness.add(-2)).toBe(5);
    expect(awareness.score).toBe(5);
  });

  it('gives a probe one interval more for each point', () => {
    const awareness = new Awareness(8);
    expect(awareness.scale(150)).toBe(150);
    awareness.add(2);
    expect(awareness.scale(150)).toBe(450);
  });
});

describe('failedProbeDelta', () => {
  it.each([
    { expected: 0, received: 0, delta: 1, why: 'nobody could have helped' },
    { expected: 3, received: 3, delta: 0, why: 'all helpers were heard: it is the other one' },
    { expected: 3, received: 1, delta: 2, why: 'two helpers were out of reach' },
    { expected: 2, received: 5, delta: 0, why: 'answers that nobody asked for do not make it healthier' },
  ])('is $delta of $expected helpers and $received answers: $why', ({ expected, received, delta }) => {
    expect(failedProbeDelta(expected, received)).toBe(delta);
  });
});
