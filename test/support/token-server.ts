/**
 * The token server of a registry, as hosted ones have it: for a password or an identity token it gives a signed token that allows what
 * was asked for (https://distribution.github.io/distribution/spec/auth/jwt/), signed with the certificate of
 * `tls.ts`.
 */
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TEST_CERTIFICATE } from './tls.ts';

export const TOKEN_SERVICE = 'registry.test';
export const TOKEN_ISSUER = 'token server';

export interface TokenServer {
  /** Where tokens are asked for. */
  realm: string;
  /** What they were asked for, one line for each request. */
  readonly asked: string[];
  close(): Promise<void>;
}

export interface TokenUser {
  username: string;
  password: string;
  /** Stands for both. */
  identityToken?: string;
}

/** Starts a server that knows one user. */
export async function startTokenServer(user: TokenUser): Promise<TokenServer> {
  const asked: string[] = [];
  const basic = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const form = new URLSearchParams(body);
      const isPost = request.method === 'POST';
      const scopes = isPost
        ? (form.get('scope') ?? '').split(' ')
        : new URL(request.url ?? '', 'http://server').searchParams.getAll('scope');
      asked.push(scopes.join(' '));
      const isKnown = isPost
        ? form.get('grant_type') === 'refresh_token' &&
          form.get('service') === TOKEN_SERVICE &&
          form.get('client_id') !== null &&
          form.get('refresh_token') === user.identityToken
        : request.headers.authorization === basic;
      if (!isKnown) response.writeHead(401).end(JSON.stringify({ errors: [{ message: 'who are you' }] }));
      else {
        const token = tokenFor(user.username, scopes);
        response.end(JSON.stringify(isPost ? { access_token: token } : { token }));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { realm: `http://127.0.0.1:${port}/token`, asked, close: () => close(server) };
}

function tokenFor(subject: string, scopes: readonly string[]): string {
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.map((scope) => {
    const [type, name, actions = ''] = scope.split(':');
    return { type, name, actions: actions.split(',') };
  });
  const certificate = TEST_CERTIFICATE.cert.replace(/-----.*-----|\n/g, '');
  const header = { typ: 'JWT', alg: 'ES256', x5c: [certificate] };
  const claims = {
    ...{ iss: TOKEN_ISSUER, aud: TOKEN_SERVICE, sub: subject, access },
    ...{ iat: now, nbf: now - 60, exp: now + 300, jti: `${now}` },
  };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const key = { key: TEST_CERTIFICATE.key, dsaEncoding: 'ieee-p1363' } as const;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
