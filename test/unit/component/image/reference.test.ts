import {
  ImageNameError,
  formatImageReference,
  parseImageReference,
} from '../../../../component/src/image/reference.js';

const DIGEST = `sha256:${'0f'.repeat(32)}`;

describe('names of images', () => {
  it.each([
    ['node', { registry: 'docker.io', repository: 'library/node' }],
    ['node:24-slim', { registry: 'docker.io', repository: 'library/node', tag: '24-slim' }],
    ['team/app', { registry: 'docker.io', repository: 'team/app' }],
    ['index.docker.io/team/app', { registry: 'docker.io', repository: 'team/app' }],
    ['localhost/app', { registry: 'localhost', repository: 'app' }],
    ['gcr.io/distroless/nodejs24', { registry: 'gcr.io', repository: 'distroless/nodejs24' }],
    ['10.0.0.1:5000/a/b:1', { registry: '10.0.0.1:5000', repository: 'a/b', tag: '1' }],
    ['[fd00::1]:5000/a', { registry: '[fd00::1]:5000', repository: 'a' }],
    [`r.io/a:1@${DIGEST}`, { registry: 'r.io', repository: 'a', tag: '1', digest: DIGEST }],
  ])('reads %s', (text, reference) => {
    expect(parseImageReference(text)).toEqual(reference);
  });

  it.each([
    ['', 'the repository'],
    ['registry.local:5000/', 'the repository'],
    ['registry.local/Upper', 'lower-case'],
    ['registry.local/a b', 'lower-case'],
    ['app:', 'tag'],
    ['app:über', 'tag'],
    ['app@sha256:abc', 'digest'],
    [`app@${DIGEST}@${DIGEST}`, 'more than one'],
    ['https://registry.local/app', 'not a registry host'],
  ])('refuses "%s" and says why', (text, reason) => {
    expect(() => parseImageReference(text)).toThrow(ImageNameError);
    expect(() => parseImageReference(text)).toThrow(reason);
    expect(() => parseImageReference(text)).toThrow(`"${text}"`);
  });

  it('writes the name a container runtime reads', () => {
    expect(formatImageReference(parseImageReference('node:24'))).toBe('docker.io/library/node:24');
    expect(formatImageReference(parseImageReference(`r.io:5000/a:1@${DIGEST}`))).toBe(
      `r.io:5000/a:1@${DIGEST}`,
    );
  });
});
