/**
 * What a client on the LAN saw, as figures: how long nobody answered for an address, how long two nodes did, and
 * which connects were lost. Times are Unix time in milliseconds.
 */

/** An ARP reply to a request of the client's. */
export interface Answer {
  readonly at: number;
  readonly mac: string;
}

/** A TCP connect; `at` is when it began. */
export interface Connect {
  readonly at: number;
  readonly ok: boolean;
}

/** From the first moment to the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A node that was silent for longer does not answer; the client asks every 10 ms. */
const SILENCE_MS = 100;

/** The longest time in `span` without any answer, its beginning and its end included. */
export function longestGapMs(answers: readonly Answer[], { from, to }: Span): number {
  const moments = answers.map(({ at }) => at).filter((at) => at > from && at < to);
  let [longest, last] = [0, from];
  for (const moment of [...moments, to]) {
    longest = Math.max(longest, moment - last);
    last = moment;
  }
  return longest;
}

/** For how long in `span` more than one node answered. */
export function contestedMs(answers: readonly Answer[], span: Span): number {
  const edges = spells(answers, span).flatMap(({ from, to }) => [
    { at: from, step: 1 },
    { at: to, step: -1 },
  ]);
  edges.sort((a, b) => a.at - b.at || a.step - b.step);
  let [contested, answering, last] = [0, 0, span.from];
  for (const { at, step } of edges) {
    if (answering > 1) contested += at - last;
    answering += step;
    last = at;
  }
  return contested;
}

/** The nodes in the order in which they began to answer; one that did so twice is there twice. */
export function answerOrder(answers: readonly Answer[], span: Span): string[] {
  return spells(answers, span)
    .sort((a, b) => a.from - b.from)
    .map(({ mac }) => mac);
}

/** How many connects began in `span`. */
export function countConnects(connects: readonly Connect[], { from, to }: Span): number {
  return connects.filter(({ at }) => at >= from && at < to).length;
}

/** How many of these were lost. */
export function lostConnects(connects: readonly Connect[], span: Span): number {
  return countConnects(
    connects.filter(({ ok }) => !ok),
    span,
  );
}

interface Spell {
  readonly mac: string;
  readonly from: number;
  to: number;
}

/** The times each node answered without a silence. */
function spells(answers: readonly Answer[], { from, to }: Span): Spell[] {
  const found: Spell[] = [];
  const current = new Map<string, Spell>();
  for (const { at, mac } of answers) {
    if (at < from || at > to) continue;
    const spell = current.get(mac);
    if (spell !== undefined && at - spell.to <= SILENCE_MS) {
      spell.to = at;
    } else {
      const next = { mac, from: at, to: at };
      current.set(mac, next);
      found.push(next);
    }
  }
  return found;
}
