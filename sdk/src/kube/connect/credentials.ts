import type { RequestOptions } from 'node:https';

/** What a request to the API server needs beside the request. */
export interface Credentials {
  /** Base URL of the API server. */
  readonly server: URL;
  /** Headers, TLS material and, for a cluster behind a proxy, the agent. */
  readonly options: RequestOptions;
  readonly proxied: boolean;
}

/** Which API server to speak to, and how to be believed by it. */
export interface CredentialSource {
  /** URL of the API server. */
  readonly server: string;
  /** The namespace that is meant when none is named, undefined when there is none. */
  readonly namespace: string | undefined;
  /** For one request; rejects when there are none to be had. */
  current(): Promise<Credentials>;
  /** To be called when the server did not believe those `refused`: all is read anew before the next request. */
  refresh(refused: Credentials): void;
}
