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
      // The lab's base is made from what this machine runs.
      build: {
        repository: `${host}/metallb-l2`,
        base: baseImage,
        platforms: [process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64'],
        insecure: true,
      },
    },
    sampleImage: baseImage,
    lan: { lab, client },
  };
}

/** What the command line says of a cluster of the user's. */
export interface UserSite {
  /** A file. */
  readonly kubeconfig: string;
  readonly addresses?: readonly string[];
  readonly image?: string;
  readonly sampleImage: string;
}

/** @throws when the file cannot be read, or when addresses or image are missing */
export async function userSite({ kubeconfig, addresses, image, sampleImage }: UserSite): Promise<Site> {
  if (addresses === undefined || image === undefined) {
    throw new Error('--kubeconfig needs --addresses and --image: what to announce, and what to run');
  }
  const content = await readFile(kubeconfig, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`--kubeconfig "${kubeconfig}" cannot be read: ${why}`, { cause });
  });
  return { kubeconfig: content, config: { addresses, image }, sampleImage };
}
