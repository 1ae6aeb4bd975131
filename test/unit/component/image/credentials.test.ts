import { parseChallenge } from '../../../../component/src/image/credentials.js';

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
