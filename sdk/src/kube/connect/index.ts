export { connect, type KubeConnection } from './connect.js';
export { KubeconfigError, type KubeconfigSource } from './kubeconfig.js';
