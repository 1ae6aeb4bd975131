export { connect } from './connect.js';
export { type KubeConnection } from './http-kube-api.js';
export { KubeconfigError, type KubeconfigSource } from './kubeconfig.js';
