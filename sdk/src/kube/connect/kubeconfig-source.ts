export interface KubeconfigSource {
  /** Content of a kubeconfig file. @default `$KUBECONFIG`, `~/.kube/config`, the pod's service account */
  kubeconfig?: string;
  /** Path of the kubeconfig file, instead of its content; files it names are looked for beside it. */
  kubeconfigFile?: string;
  /** @default the current context of the kubeconfig */
  context?: string;
}

/** Names what is read, for errors. */
export function whatOf({
  kubeconfig,
  kubeconfigFile = process.env['KUBECONFIG'] ?? '',
}: KubeconfigSource): string {
  return kubeconfig !== undefined || kubeconfigFile === ''
    ? 'the kubeconfig'
    : `the kubeconfig ${kubeconfigFile}`;
}
