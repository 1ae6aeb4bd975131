/** Reads one path of an API server, for what the lab itself must know before anyone uses it. */
import { request } from 'node:https';
import { type ApiAccess } from './credentials.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** @throws when there is no answer within two seconds */
export function readApi({ server, certificate, token }: ApiAccess, path: string): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request(
      `${server}${path}`,
      { ca: certificate, headers, timeout: 2000, agent: false },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (text: string) => (body += text));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`${server}${path}: no answer within two seconds`)));
    sent.on('error', reject);
    sent.end();
  });
}
