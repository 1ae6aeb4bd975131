/** OpenSSL's reasons to refuse the certificate of a server, as Node names them. */
const DISTRUST =
  /^(CERT_|ERR_TLS_CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)_)/;

/** Whether a connection failed because the server's certificate is not trusted. */
export function isDistrust(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' && DISTRUST.test(code);
}
