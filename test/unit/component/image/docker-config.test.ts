import { findLogin } from '../../../../component/src/image/docker-config.js';

const encoded = Buffer.from('ann:se:cret').toString('base64');
const ANN = { username: 'ann', password: 'se:cret' };

const find = (config: object, registry: string) => findLogin(JSON.stringify(config), registry);

describe('a log-in in the file', () => {
  it.each([
    ['registry.local:5000', 'registry.local:5000'],
    ['https://registry.local:5000', 'registry.local:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['docker.io', 'docker.io'],
  ])('kept under %s is for %s', (key, registry) => {
    const config = { auths: { [key]: { auth: encoded } } };
    expect(find(config, registry).stored).toEqual(ANN);
    expect(find(config, 'other.example')).toEqual({ server: 'other.example' });
  });

  it.each([
    [{ username: 'ann', password: 'se:cret' }, ANN],
    [{ auth: encoded, identitytoken: '' }, ANN],
    [{ auth: Buffer.from('00000000:').toString('base64'), identitytoken: 'abc' }, { identityToken: 'abc' }],
    [{}, undefined],
    [{ auth: '' }, undefined],
    [{ auth: '%%%' }, undefined],
  ])('written as %j is %j', (entry, login) => {
    expect(find({ auths: { r: entry } }, 'r').stored).toEqual(login);
  });

  it.each([{}, { auths: {} }, { auths: null, credHelpers: null, credsStore: null }, { credsStore: '' }])(
    'is not in %j',
    (config) => {
      expect(find(config, 'r')).toEqual({ server: 'r' });
    },
  );
});

describe('a credential helper', () => {
  const config = {
    auths: { 'r.example': { auth: encoded } },
    credHelpers: { 'r.example': 'ecr-login', 'https://index.docker.io/v1/': 'hub' },
    credsStore: 'desktop',
  };

  it.each([
    ['r.example', { helper: 'ecr-login', server: 'r.example', stored: ANN }],
    ['docker.io', { helper: 'hub', server: 'https://index.docker.io/v1/' }],
    ['other.example:5000', { helper: 'desktop', server: 'other.example:5000' }],
  ])('for %s is %j', (registry, place) => {
    expect(find(config, registry)).toEqual(place);
  });
});

describe('a file that makes no sense', () => {
  it.each([
    ['', 'is no JSON'],
    ['{"auths":{"r":{"auth":"c2VjcmV0', 'is no JSON'],
    ['[]', 'has a wrong content: '],
    ['{"auths":{"r":{"auth":["c2VjcmV0"]}}}', 'has a wrong "auths"."r"."auth": '],
    ['{"credsStore":"../c2VjcmV0"}', 'has a wrong "credsStore": '],
    ['{"credHelpers":{"r.io":"a b c2VjcmV0"}}', 'has a wrong "credHelpers"."r.io": is no name of a cred'],
  ])('is refused with what is wrong, and without what it holds: %s', (text, message) => {
    expect(() => findLogin(text, 'r')).toThrow(message);
    expect(() => findLogin(text, 'r')).not.toThrow('c2VjcmV0');
  });
});
