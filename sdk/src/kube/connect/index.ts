export { connect } from './connect.js';
export { type KubeConnection } from './http-kube-api.js';
export type { KubeconfigSource } from './kubeconfig-source.js';
export { KubeconfigError } from './kubeconfig-error.js';
