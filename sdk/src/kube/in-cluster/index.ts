import { HttpKubeApi, type KubeConnection } from '../connect/http-kube-api.js';
import { findServiceAccount, type PodSurroundings } from './service-account.js';

/**
 * Connects to the cluster this pod runs in, by its service account; undefined when this is no pod with one.
 * Nothing is sent before the first call.
 *
 * A program that always runs in a pod is spared client-node, and with it some 20 MB of memory.
 */
export function connectInCluster(surroundings: PodSurroundings = {}): KubeConnection | undefined {
  const account = findServiceAccount(surroundings);
  return account && new HttpKubeApi(account);
}
