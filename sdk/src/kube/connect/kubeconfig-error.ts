/** There is no usable kubeconfig; the message says what was looked for and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}
