import {
  type Answer,
  answerOrder,
  contestedMs,
  countConnects,
  longestGapMs,
  lostConnects,
} from '../../../bench/lan/observation.ts';

/** Answers of `mac` every 10 ms. */
function answering(mac: string, from: number, to: number): Answer[] {
  return Array.from({ length: (to - from) / 10 + 1 }, (_, index) => ({ at: from + index * 10, mac }));
}

function inOrder(...answers: readonly Answer[][]): Answer[] {
  return answers.flat().sort((a, b) => a.at - b.at);
}

const span = { from: 0, to: 1000 };

describe('the longest gap', () => {
  it('lies between the last answer of one node and the first of the next', () => {
    const answers = [...answering('a', 0, 300), ...answering('b', 800, 1000)];
    expect(longestGapMs(answers, span)).toBe(500);
  });

  it('may be at the beginning or at the end', () => {
    expect(longestGapMs(answering('a', 700, 1000), span)).toBe(700);
    expect(longestGapMs(answering('a', 0, 100), span)).toBe(900);
  });

  it('is all of the time when nobody answers in it', () => {
    expect(longestGapMs([...answering('a', -50, -10), ...answering('a', 1010, 1050)], span)).toBe(1000);
  });

  it('is the pace of asking when somebody always answers', () => {
    expect(longestGapMs(inOrder(answering('a', 0, 600), answering('b', 500, 1000)), span)).toBe(10);
  });
});

describe('the time two nodes answer', () => {
  it('is none while they take turns', () => {
    expect(contestedMs([...answering('a', 0, 500), ...answering('b', 510, 1000)], span)).toBe(0);
  });

  it('is that of both together, however often it happens', () => {
    const answers = inOrder(answering('a', 0, 1000), answering('b', 100, 300), answering('b', 600, 650));
    expect(contestedMs(answers, span)).toBe(250);
  });

  it('counts once when three answer', () => {
    const answers = inOrder(answering('a', 0, 1000), answering('b', 100, 300), answering('c', 200, 400));
    expect(contestedMs(answers, span)).toBe(300);
  });

  it('leaves out what lies outside the span', () => {
    const answers = inOrder(answering('a', -500, 1500), answering('b', -500, 100), answering('b', 900, 1500));
    expect(contestedMs(answers, span)).toBe(200);
  });
});

describe('the order of the answering nodes', () => {
  it('has a node again that came back after a silence, and ignores a lost answer or two', () => {
    const lossy = answering('a', 0, 300).filter(({ at }) => at % 50 === 0);
    const answers = inOrder(lossy, answering('b', 250, 600), answering('a', 700, 1000));
    expect(answerOrder(answers, span)).toEqual(['a', 'b', 'a']);
  });
});

describe('connects', () => {
  const connects = [-20, 0, 500, 980, 1000].map((at) => ({ at, ok: at === 500 }));

  it('are counted that began in the span', () => {
    expect(countConnects(connects, span)).toBe(3);
  });

  it('are lost when they found nobody', () => {
    expect(lostConnects(connects, span)).toBe(2);
  });
});
