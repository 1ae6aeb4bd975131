import { OUR_VERSIONS, understandsCrc, versionsAgree } from '../../../../speaker/src/membership/versions.js';
import type { MemberVersions } from '../../../../speaker/src/wire/memberlist/messages.js';

describe('versionsAgree', () => {
  it.each<{ what: string; others: MemberVersions[]; agree: boolean }>([
    { what: 'members like us', others: [OUR_VERSIONS, OUR_VERSIONS], agree: true },
    { what: 'an old member that understands what we speak', others: [[1, 2, 2, 0, 0, 0]], agree: true },
    { what: 'one that speaks what we do not understand', others: [[1, 9, 9, 0, 0, 0]], agree: false },
    { what: 'one that does not understand what we speak', others: [[3, 5, 4, 0, 0, 0]], agree: false },
    { what: 'one with delegates of another version', others: [[1, 5, 2, 1, 2, 1]], agree: false },
  ])('with $what: $agree', ({ others, agree }) => {
    expect(versionsAgree([OUR_VERSIONS, ...others])).toBe(agree);
  });
});

describe('understandsCrc', () => {
  it('is so from protocol 5 on', () => {
    expect(understandsCrc(OUR_VERSIONS)).toBe(true);
    expect(understandsCrc([1, 4, 2, 0, 0, 0])).toBe(false);
  });
});
