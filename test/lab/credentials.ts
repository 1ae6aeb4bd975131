/** Who may speak to the API server of a lab: bearer tokens, the service-account key and kubeconfig files. */
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export interface User {
  readonly name: string;
  readonly group: string;
  readonly token: string;
}

/** An API server and a way to be believed by it. */
export interface ApiAccess {
  /** `https://host:port`. */
  readonly server: string;
  /** The certificate it proves itself with, PEM. */
  readonly certificate: string;
  readonly token: string;
}

/** A user with a fresh token; `group` decides what it may do. */
export function createUser(name: string, group = 'system:authenticated'): User {
  return { name, group, token: randomBytes(16).toString('hex') };
}

/** The kubelet of a node, as the Node authorizer knows it. */
export function createNodeUser(node: string): User {
  return createUser(`system:node:${node}`, 'system:nodes');
}

/** The content of kube-apiserver's `--token-auth-file`: one `token,name,uid,"groups"` a line. */
export function renderTokenFile(users: readonly User[]): string {
  return users.map(({ token, name, group }) => `${token},${name},${name},"${group}"\n`).join('');
}

/** A kubeconfig file with one context. JSON is YAML, so every client reads it. */
export function renderKubeconfig({ server, certificate, token }: ApiAccess): string {
  const authority = Buffer.from(certificate).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'lab', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    'current-context': 'lab',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A private key that signs service-account tokens, PEM. */
export async function createServiceAccountKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}
