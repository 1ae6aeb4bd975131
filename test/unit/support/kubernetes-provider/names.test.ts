import { autoname, fieldManagerName } from '../../../support/kubernetes-provider/names.ts';

describe('made-up names', () => {
  it('start with the name of the resource', () => {
    expect(autoname('web', Buffer.from('seed'))).toMatch(/^web-[0-9a-f]{8}$/);
  });

  it('are the same for the same seed, so that a preview tells the truth', () => {
    expect(autoname('web', Buffer.from('seed'))).toBe(autoname('web', Buffer.from('seed')));
  });

  it('differ for another seed', () => {
    expect(autoname('web', Buffer.from('a'))).not.toBe(autoname('web', Buffer.from('b')));
  });

  it('of field managers look like those of the real provider', () => {
    expect(fieldManagerName(Buffer.from('seed'))).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
  });
});
