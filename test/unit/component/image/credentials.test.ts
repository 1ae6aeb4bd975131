import { dockerCredentials, parseChallenge } from '../../../../component/src/image/credentials.js';

const encoded = Buffer.from('ann:se:cret').toString('base64');

describe('the log-ins of docker', () => {
  it.each([
    ['registry.local:5000', 'registry.local:5000'],
    ['https://registry.local:5000', 'registry.local:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
  ])('kept under %s are for %s', (key, registry) => {
    const config = JSON.stringify({ auths: { [key]: { auth: encoded } } });
    expect(dockerCredentials(config, registry)).toEqual({ username: 'ann', password: 'se:cret' });
    expect(dockerCredentials(config, 'other.example')).toBeUndefined();
  });

  it('may be written out', () => {
    const config = JSON.stringify({ auths: { r: { username: 'ann', password: 'x' } } });
    expect(dockerCredentials(config, 'r')).toEqual({ username: 'ann', password: 'x' });
  });

  it.each(['', '{', '[]', '{"auths":{"r":{}}}', '{"auths":{"r":{"auth":"%%%"}},"credsStore":"x"}'])(
    'are none in %s',
    (config) => {
      expect(dockerCredentials(config, 'r')).toBeUndefined();
    },
  );
});

describe('what a registry asks for', () => {
  it.each([
    ['Basic realm="Registry"', { scheme: 'basic' }],
    [
      'Bearer realm="https://auth.local/token",service="registry.local",scope="repository:a:pull"',
      { scheme: 'bearer', realm: 'https://auth.local/token', service: 'registry.local' },
    ],
    ['bearer realm="https://auth.local/token"', { scheme: 'bearer', realm: 'https://auth.local/token' }],
    ['Bearer', undefined],
    ['Negotiate', undefined],
    [null, undefined],
  ])('is read from %j', (header, challenge) => {
    expect(parseChallenge(header)).toEqual(challenge);
  });
});
