/** The members as one of them knows them: the state that {@link step} steps through. */
import type { MemberName, MemberState, PushedMember } from '../wire/memberlist/messages.js';
import {
  isMember,
  step,
  type Member,
  type MembersInput,
  type MembersOutput,
  type MembersView,
} from './members.js';

export class MemberTable {
  readonly #view: MembersView;
  readonly #members: Map<MemberName, Member>;
  readonly #counts: Record<MemberState, number> = { alive: 1, suspect: 0, dead: 0, left: 0 };

  /** @param self alive, and at first the only member */
  constructor(self: Member, options: Pick<MembersView, 'profile' | 'limit'>) {
    this.#members = new Map([[self.name, self]]);
    this.#view = { ...options, self: self.name, members: this.#members };
  }

  get self(): Member {
    return this.#members.get(this.#view.self) as Member;
  }

  /** How many are known, the remembered dead and oneself included. */
  get size(): number {
    return this.#members.size;
  }

  get counts(): Readonly<Record<MemberState, number>> {
    return this.#counts;
  }

  get(name: MemberName): Member | undefined {
    return this.#members.get(name);
  }

  all(): IterableIterator<Member> {
    return this.#members.values();
  }

  /** Those that take part, oneself left out, that `accepts` (all of them by default). */
  others(accepts: (member: Member) => boolean = isMember): Member[] {
    return [...this.#members.values()].filter((member) => member.name !== this.#view.self && accepts(member));
  }

  /** All that is known, as a push-pull tells it. */
  pushed(): PushedMember[] {
    return [...this.#members.values()].map(({ since: _, suspicion: __, ...pushed }) => pushed);
  }

  /** Takes one step at `now`, milliseconds on the clock; gives what follows from it. */
  apply(input: MembersInput, now: number): readonly MembersOutput[] {
    const { put, drop, outputs } = step(this.#view, input, now);
    for (const member of put) this.#replace(member.name, member);
    for (const name of drop) this.#replace(name, undefined);
    return outputs;
  }

  #replace(name: MemberName, member: Member | undefined): void {
    const before = this.#members.get(name);
    if (before !== undefined) this.#counts[before.state]--;
    if (member === undefined) {
      this.#members.delete(name);
      return;
    }
    this.#counts[member.state]++;
    this.#members.set(name, member);
  }
}
