/**
 * A client of one registry, by the OCI distribution specification: read and write manifests and blobs.
 * Content read by digest is compared with it. Blobs are held in memory whole: that lets a failed upload
 * start over, and the largest one of a Node base image is about 50 MB.
 */
import { type Challenge, type Credentials, basicAuthorization, parseChallenge } from './credentials.js';
import { type HttpDeps, type HttpRequest, send } from './http.js';
import { type Content, type Descriptor, MEDIA_TYPES, contentOf } from './oci.js';

export interface RegistryOptions {
  /** Host and port, as in an image's name. */
  host: string;
  /** Plain HTTP instead of HTTPS. */
  insecure: boolean;
  credentials?: Credentials;
}

/** A registry could not be reached, or refused. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** HTTP status of the answer; undefined when none came. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

type Access = 'pull' | 'pull,push';
type RegistryRequest = Omit<HttpRequest, 'url' | 'timeoutMs'> & {
  path: string | URL;
  repository: string;
  access: Access;
  /** A second repository the request reads from. */
  from?: string;
  timeoutMs?: number;
};

const REQUEST_TIMEOUT_MS = 30_000;
const TRANSFER_TIMEOUT_MS = 600_000;

export class Registry {
  readonly host: string;
  readonly #deps: HttpDeps;
  readonly #options: RegistryOptions;
  readonly #base: URL;
  /** `Authorization` by the access it is good for. */
  readonly #authorizations = new Map<string, string>();

  constructor(deps: HttpDeps, options: RegistryOptions) {
    this.host = options.host;
    this.#deps = deps;
    this.#options = options;
    // Docker Hub's API has another host than its names.
    const host = options.host === 'docker.io' ? 'registry-1.docker.io' : options.host;
    this.#base = new URL(`${options.insecure ? 'http' : 'https'}://${host}/v2/`);
  }

  /** The digest of a manifest, by tag or digest; undefined when the registry has none. */
  async findManifest(repository: string, reference: string): Promise<string | undefined> {
    const response = await this.#send({
      method: 'HEAD',
      path: `${repository}/manifests/${reference}`,
      headers: { accept: ACCEPTED_MANIFESTS },
      repository,
      access: 'pull',
    });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw await this.#refusal(`read ${reference} of`, repository, response);
    return (
      response.headers.get('docker-content-digest') ?? (await this.getManifest(repository, reference)).digest
    );
  }

  /** A manifest or an index, by tag or digest. */
  async getManifest(repository: string, reference: string): Promise<Content> {
    const response = await this.#send({
      method: 'GET',
      path: `${repository}/manifests/${reference}`,
      headers: { accept: ACCEPTED_MANIFESTS },
      repository,
      access: 'pull',
    });
    if (response.status !== 200) throw await this.#refusal(`read ${reference} of`, repository, response);
    const bytes = await this.#bytesOf(response, repository);
    const content = contentOf(response.headers.get('content-type') ?? MEDIA_TYPES.manifest, bytes);
    if (reference.includes(':')) this.#compare(content.digest, reference, repository);
    return content;
  }

  /** Stores a manifest under `tag`. Every blob it names must be there already. */
  async putManifest(repository: string, tag: string, manifest: Content): Promise<void> {
    const response = await this.#send({
      method: 'PUT',
      path: `${repository}/manifests/${tag}`,
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
      repository,
      access: 'pull,push',
    });
    if (response.status !== 201) throw await this.#refusal(`write ${tag} to`, repository, response);
  }

  async getBlob(repository: string, blob: Descriptor): Promise<Content> {
    const response = await this.#send({
      method: 'GET',
      path: `${repository}/blobs/${blob.digest}`,
      repository,
      access: 'pull',
      timeoutMs: TRANSFER_TIMEOUT_MS,
    });
    if (response.status !== 200) throw await this.#refusal(`read ${blob.digest} of`, repository, response);
    const content = contentOf(blob.mediaType, await this.#bytesOf(response, repository));
    this.#compare(content.digest, blob.digest, repository);
    return content;
  }

  async hasBlob(repository: string, digest: string): Promise<boolean> {
    const response = await this.#send({
      method: 'HEAD',
      path: `${repository}/blobs/${digest}`,
      repository,
      access: 'pull,push',
    });
    if (response.status !== 200 && response.status !== 404) {
      throw await this.#refusal(`look for ${digest} in`, repository, response);
    }
    return response.status === 200;
  }

  /** Takes over a blob of another repository of this registry without moving its bytes. False: it would not. */
  async mountBlob(repository: string, digest: string, from: string): Promise<boolean> {
    const response = await this.#send({
      method: 'POST',
      path: `${repository}/blobs/uploads/?${new URLSearchParams({ mount: digest, from }).toString()}`,
      repository,
      access: 'pull,push',
      from,
    });
    return response.status === 201;
  }

  async putBlob(repository: string, blob: Content): Promise<void> {
    const opened = await this.#send({
      method: 'POST',
      path: `${repository}/blobs/uploads/`,
      repository,
      access: 'pull,push',
    });
    const location = opened.headers.get('location');
    if (opened.status !== 202 || location === null)
      throw await this.#refusal('upload to', repository, opened);
    const upload = new URL(location, this.#base);
    upload.searchParams.set('digest', blob.digest);
    const response = await this.#send({
      method: 'PUT',
      path: upload,
      headers: { 'content-type': 'application/octet-stream' },
      body: blob.bytes,
      repository,
      access: 'pull,push',
      timeoutMs: TRANSFER_TIMEOUT_MS,
    });
    if (response.status !== 201) throw await this.#refusal('upload to', repository, response);
  }

  /** Sends a request; when the registry asks who we are, answers and sends it once more. */
  async #send(request: RegistryRequest): Promise<Response> {
    const scopes = [`repository:${request.repository}:${request.access}`];
    if (request.from !== undefined) scopes.push(`repository:${request.from}:pull`);
    const key = scopes.join(' ');

    const first = await this.#attempt(request, this.#authorizations.get(key));
    if (first.status !== 401) return first;
    const challenge = parseChallenge(first.headers.get('www-authenticate'));
    const authorization = challenge && (await this.#authorize(challenge, scopes, request.repository));
    if (authorization === undefined) return first;
    await first.body?.cancel();
    this.#authorizations.set(key, authorization);
    return this.#attempt(request, authorization);
  }

  async #attempt(request: RegistryRequest, authorization: string | undefined): Promise<Response> {
    const url = new URL(request.path, this.#base);
    // An upload may continue on another host, which has its own signature in the URL and no business with our token.
    const authorized = authorization !== undefined && url.host === this.#base.host;
    try {
      return await send(this.#deps, {
        method: request.method,
        url,
        headers: { ...request.headers, ...(authorized ? { authorization } : {}) },
        timeoutMs: request.timeoutMs ?? REQUEST_TIMEOUT_MS,
        ...(request.body === undefined ? {} : { body: request.body }),
      });
    } catch (error) {
      throw this.#unreachable(request.repository, error);
    }
  }

  async #authorize(challenge: Challenge, scopes: string[], repository: string): Promise<string | undefined> {
    const { credentials } = this.#options;
    const basic = credentials && basicAuthorization(credentials);
    if (challenge.scheme === 'basic') return basic;

    const url = new URL(challenge.realm, this.#base);
    if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const response = await send(this.#deps, {
      method: 'GET',
      url,
      timeoutMs: REQUEST_TIMEOUT_MS,
      ...(basic === undefined ? {} : { headers: { authorization: basic } }),
    }).catch((error: unknown) => {
      throw this.#unreachable(repository, error);
    });
    if (response.status !== 200) throw await this.#refusal('get a token for', repository, response);
    const answer = (await response.json()) as { token?: unknown; access_token?: unknown };
    const token = answer.token ?? answer.access_token;
    return typeof token === 'string' ? `Bearer ${token}` : undefined;
  }

  async #bytesOf(response: Response, repository: string): Promise<Uint8Array> {
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw this.#unreachable(repository, error);
    }
  }

  #compare(actual: string, expected: string, repository: string): void {
    if (actual === expected) return;
    throw new RegistryError(
      `${this.host}/${repository}: the registry answered ${actual} when asked for ${expected}; ` +
        'a proxy in between or the registry itself is damaged',
    );
  }

  #unreachable(repository: string, error: unknown): RegistryError {
    return new RegistryError(
      `${this.host}/${repository}: no answer from ${this.#base.origin}: ${reasonOf(error)}; ` +
        `check the host${this.#options.insecure ? '' : ', and set "insecure" if it speaks plain HTTP'}`,
      undefined,
      { cause: error },
    );
  }

  async #refusal(operation: string, repository: string, response: Response): Promise<RegistryError> {
    const said = await response
      .text()
      .then((text) => /"message"\s*:\s*"([^"]+)"/.exec(text)?.[1])
      .catch(() => undefined);
    return new RegistryError(
      `cannot ${operation} ${this.host}/${repository}: ${response.status}` +
        `${said === undefined ? '' : ` (${said})`}; ${this.#remedyFor(response.status)}`,
      response.status,
    );
  }

  #remedyFor(status: number): string {
    if (status === 401 || status === 403) {
      return this.#options.credentials === undefined
        ? `give "username" and "password", or log in with: docker login ${this.host}`
        : `the registry does not accept "${this.#options.credentials.username}" for this; check the password and the rights`;
    }
    if (status === 404)
      return 'check the name, and that the repository exists where the registry wants it created first';
    if (status === 429)
      return 'the registry limits how often it may be asked; try later, or log in for a higher limit';
    if (status >= 500) return 'the registry is in trouble; look at its log';
    return 'the registry does not accept the request; look at its log';
  }
}

const ACCEPTED_MANIFESTS = [
  MEDIA_TYPES.index,
  MEDIA_TYPES.manifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
].join(', ');

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { message = '', code = String(cause) } = cause as { message?: string; code?: string };
  return message === '' ? code : message;
}
