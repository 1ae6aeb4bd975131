/** Where the demo plays: a lab of its own, or a cluster of the user's. */
import { readFile } from 'node:fs/promises';
import type { Lab } from '../lab/lab.ts';

export interface Site {
  /** The content of a kubeconfig. */
  readonly kubeconfig: string;
  /** Configuration of `examples/quickstart`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** An image with `node` on its PATH, for the sample application. */
  readonly sampleImage: string;
  /** The network as hosts on it see it; a user's cluster shows only its API. */
  readonly lan?: { readonly lab: Lab; readonly client: string };
}

export async function labSite(lab: Lab): Promise<Site> {
  const [client] = lab.clients;
  if (client === undefined) throw new Error('the demo needs a lab with a client');
  const { host, baseImage } = lab.registry;
  return {
    kubeconfig: await readFile(lab.kubeconfigPath, 'utf8'),
    config: {
      addresses: [lab.addressPool],
      build: { repository: `${host}/metallb-l2`, base: baseImage, insecure: true },
    },
    sampleImage: baseImage,
    lan: { lab, client },
  };
}
