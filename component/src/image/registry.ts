/**
 * A client of one registry, by the OCI distribution specification: read and write manifests and blobs.
 * Content read by digest is compared with it. Blobs are held in memory whole: that lets a failed upload
 * start over, and the largest one of a Node base image is about 50 MB.
 */
import * as z from 'zod';
import { type Challenge, type Login, basicAuthorization, parseChallenge } from './credentials.js';
import { type HttpAnswer, type HttpDeps, type HttpRequest, persistently, send, sendOnce } from './http.js';
import { type Content, type Descriptor, MEDIA_TYPES, contentOf } from './oci.js';
import { RegistryError, type RegistrySettings, refusalError, silenceError } from './registry-error.js';

export interface RegistryOptions extends RegistrySettings {
  /** Host and port, as in an image's name. */
  host: string;
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
    if (response.status !== 200) throw this.#refusal(`read ${reference} of`, repository, response);
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
    if (response.status !== 200) throw this.#refusal(`read ${reference} of`, repository, response);
    const content = contentOf(response.headers.get('content-type') ?? MEDIA_TYPES.manifest, response.body);
    if (reference.includes(':')) this.#compare(content.digest, reference, repository);
    return content;
  }

  /** Stores a manifest or an index under a tag or its digest. All that it names must be there already. */
  async putManifest(repository: string, reference: string, manifest: Content): Promise<void> {
    const response = await this.#send({
      method: 'PUT',
      path: `${repository}/manifests/${reference}`,
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
      repository,
      access: 'pull,push',
    });
    // 201 by the specification; Quay answers 202.
    if (response.status < 200 || response.status > 299) {
      throw this.#refusal(`write ${reference} to`, repository, response);
    }
  }

  async getBlob(repository: string, blob: Descriptor): Promise<Content> {
    const response = await this.#send({
      method: 'GET',
      path: `${repository}/blobs/${blob.digest}`,
      repository,
      access: 'pull',
      timeoutMs: TRANSFER_TIMEOUT_MS,
    });
    if (response.status !== 200) throw this.#refusal(`read ${blob.digest} of`, repository, response);
    const content = contentOf(blob.mediaType, response.body);
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
      throw this.#refusal(`look for ${digest} in`, repository, response);
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

  /** Stores a blob. An upload that breaks off starts over: what the registry has of it by then is not known. */
  async putBlob(repository: string, blob: Content): Promise<void> {
    const response = await this.#persist(repository, async () => {
      const opened = await this.#exchange({
        method: 'POST',
        path: `${repository}/blobs/uploads/`,
        repository,
        access: 'pull,push',
      });
      const location = opened.headers.get('location');
      if (opened.status !== 202 || location === null) return opened;
      const upload = new URL(location, this.#base);
      upload.searchParams.set('digest', blob.digest);
      return this.#exchange({
        method: 'PUT',
        path: upload,
        headers: { 'content-type': 'application/octet-stream' },
        body: blob.bytes,
        repository,
        access: 'pull,push',
        timeoutMs: TRANSFER_TIMEOUT_MS,
      });
    });
    if (response.status !== 201) throw this.#refusal('upload to', repository, response);
  }

  #send(request: RegistryRequest): Promise<HttpAnswer> {
    return this.#persist(request.repository, () => this.#exchange(request));
  }

  async #persist(repository: string, attempt: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    try {
      return await persistently(this.#deps, attempt);
    } catch (error) {
      throw error instanceof RegistryError ? error : this.#unreachable(repository, error);
    }
  }

  /** Sends a request; when the registry asks who we are, answers and sends it once more. */
  async #exchange(request: RegistryRequest): Promise<HttpAnswer> {
    const scopes = [`repository:${request.repository}:${request.access}`];
    if (request.from !== undefined) scopes.push(`repository:${request.from}:pull`);
    const key = scopes.join(' ');

    const first = await this.#attempt(request, this.#authorizations.get(key));
    if (first.status !== 401) return first;
    const challenge = parseChallenge(first.headers.get('www-authenticate'));
    const authorization = challenge && (await this.#authorize(challenge, scopes, request.repository));
    if (authorization === undefined) return first;
    this.#authorizations.set(key, authorization);
    return this.#attempt(request, authorization);
  }

  #attempt(request: RegistryRequest, authorization: string | undefined): Promise<HttpAnswer> {
    const url = new URL(request.path, this.#base);
    // An upload may continue on another host, which has its own signature in the URL and no business with our token.
    const authorized = authorization !== undefined && url.host === this.#base.host;
    return sendOnce(this.#deps, {
      method: request.method,
      url,
      headers: { ...request.headers, ...(authorized ? { authorization } : {}) },
      timeoutMs: request.timeoutMs ?? REQUEST_TIMEOUT_MS,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }

  async #authorize(challenge: Challenge, scopes: string[], repository: string): Promise<string | undefined> {
    const { login } = this.#options;
    if (challenge.scheme === 'basic') {
      return login && 'username' in login ? basicAuthorization(login) : undefined;
    }
    const url = new URL(challenge.realm, this.#base);
    const request = tokenRequest(url, { service: challenge.service, scopes, login });
    const response = await send(this.#deps, request).catch((error: unknown) => {
      throw this.#unreachable(repository, error);
    });
    if (response.status !== 200) throw this.#refusal('get a token for', repository, response);
    const token = tokenOf(response);
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  #compare(actual: string, expected: string, repository: string): void {
    if (actual === expected) return;
    throw new RegistryError(
      `${this.host}/${repository}: the registry answered ${actual} when asked for ${expected}; ` +
        'a proxy in between or the registry itself is damaged',
    );
  }

  #unreachable(repository: string, error: unknown): RegistryError {
    return silenceError(`${this.host}/${repository}`, this.#base.origin, error, this.#options);
  }

  #refusal(operation: string, repository: string, answer: HttpAnswer): RegistryError {
    return refusalError(`${operation} ${this.host}/${repository}`, answer, this.#options);
  }
}

const ACCEPTED_MANIFESTS = [
  MEDIA_TYPES.index,
  MEDIA_TYPES.manifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
].join(', ');

/**
 * Asks a token server for access: with a user name or anonymously in the first way registries had
 * (https://distribution.github.io/distribution/spec/auth/token/), with an identity token in OAuth's.
 */
function tokenRequest(
  realm: URL,
  { service, scopes, login }: { service: string | undefined; scopes: string[]; login: Login | undefined },
): HttpRequest {
  const timeoutMs = REQUEST_TIMEOUT_MS;
  if (login && 'identityToken' in login) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: login.identityToken,
      client_id: 'metallb-l2',
      scope: scopes.join(' '),
      ...(service === undefined ? {} : { service }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, body: Buffer.from(form.toString()), timeoutMs };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers = login && { authorization: basicAuthorization(login) };
  return { method: 'GET', url, timeoutMs, ...(headers === undefined ? {} : { headers }) };
}

/** What a token server answers: registries are to accept both names. */
const tokenSchema = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

function tokenOf({ body }: HttpAnswer): string | undefined {
  try {
    const answer = tokenSchema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
    return answer.token ?? answer.access_token;
  } catch {
    return undefined;
  }
}
