import { HttpKubeApi, type KubeConnection } from './http-kube-api.js';
import { KubeconfigCredentials } from './kubeconfig.js';
import type { KubeconfigSource } from './kubeconfig-source.js';

/**
 * Connects to the cluster of a kubeconfig: the given one, or that of `$KUBECONFIG`, `~/.kube/config` or the
 * pod's service account. Nothing is sent before the first call.
 *
 * @throws KubeconfigError when there is none, or none that can be used
 */
export function connect(source: KubeconfigSource = {}): KubeConnection {
  return new HttpKubeApi(new KubeconfigCredentials(source));
}
