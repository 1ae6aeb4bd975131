import { TEST_CERTIFICATE } from './tls.ts';

/** Content of a kubeconfig of one cluster, context and user, all of them named `test`. */
export function kubeconfig(server: string, user: object = { token: 'secret' }): string {
  return JSON.stringify({
    clusters: [
      {
        name: 'test',
        cluster: {
          server,
          'certificate-authority-data': Buffer.from(TEST_CERTIFICATE.cert).toString('base64'),
        },
      },
    ],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
