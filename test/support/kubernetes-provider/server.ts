/** The engine's resource-provider protocol in front of {@link KubernetesProvider}: decodes requests, encodes answers and errors. */
import { Metadata, Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import service from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import statuses from '@pulumi/pulumi/proto/status_pb.js';
import type { Change } from './diff.ts';
import type { EngineLog } from './engine-log.ts';
import { activeServer } from './kube-client.ts';
import { typeOfUrn } from './kinds.ts';
import { decodeProperties, encodeProperties, reveal } from './properties.ts';
import { InitializationError, KubernetesProvider, type ResourceIdentity } from './provider.ts';
import { diffSettings, parseSettings, unsupportedArguments } from './settings.ts';
import { REAL_VERSION } from './version.ts';

const STAND_IN =
  'this is the stand-in Kubernetes provider, which only manages single objects: ' +
  'charts, YAML manifests, kustomizations and functions need the real one';

/**
 * Serves one engine until it goes away.
 *
 * @param env where flags fall back to
 * @returns the port, on the loopback interface
 */
export async function serveProvider(log: EngineLog, env: NodeJS.ProcessEnv): Promise<number> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  server.addService(service.ResourceProviderService, handlers(log, env));
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function handlers(log: EngineLog, env: NodeJS.ProcessEnv) {
  const cancellation = new AbortController();
  let configured: KubernetesProvider | undefined;
  const provider = (): KubernetesProvider => {
    if (configured === undefined)
      throw new Error('the provider was asked for a resource before it was configured');
    return configured;
  };

  return {
    getPluginInfo: answer(() => {
      const info = new plugin.PluginInfo();
      info.setVersion(REAL_VERSION);
      return info;
    }),

    checkConfig: answer((request: pb.CheckRequest) => {
      const response = new pb.CheckResponse();
      response.setInputs(request.getNews());
      const failures = unsupportedArguments(reveal(decodeProperties(request.getNews())));
      response.setFailuresList(
        failures.map(({ property, reason }) => {
          const failure = new pb.CheckFailure();
          failure.setProperty(property);
          failure.setReason(reason);
          return failure;
        }),
      );
      return response;
    }),

    diffConfig: answer((request: pb.DiffRequest) => {
      const olds = reveal(decodeProperties(request.getOldInputs() ?? request.getOlds()));
      const news = reveal(decodeProperties(request.getNews()));
      const { changed, replaces } = diffSettings(olds, news, activeServer);
      const response = new pb.DiffResponse();
      response.setChanges(changes(changed.length > 0));
      response.setDiffsList(changed);
      response.setReplacesList(replaces);
      return response;
    }),

    configure: answer(async (request: pb.ConfigureRequest) => {
      const variables = new Map(request.getVariablesMap().entries());
      const settings = parseSettings(variables, env);
      configured = await KubernetesProvider.configure({ log, signal: cancellation.signal }, settings);
      const response = new pb.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),

    check: answer(async (request: pb.CheckRequest) => {
      const inputs = await provider().check(
        identify(request),
        decodeProperties(request.getOlds()),
        decodeProperties(request.getNews()),
        request.getRandomseed_asU8(),
      );
      const response = new pb.CheckResponse();
      response.setInputs(encodeProperties(inputs));
      return response;
    }),

    diff: answer(async (request: pb.DiffRequest) => {
      const olds = decodeProperties(request.getOldInputs());
      const news = decodeProperties(request.getNews());
      const { changes: changed, deleteBeforeReplace } = await provider().diff(identify(request), olds, news);
      const response = new pb.DiffResponse();
      response.setChanges(changes(changed.size > 0));
      response.setDiffsList([...changed.keys()]);
      response.setReplacesList([...changed].filter(([, { replaces }]) => replaces).map(([path]) => path));
      response.setDeletebeforereplace(deleteBeforeReplace);
      response.setHasdetaileddiff(true);
      for (const [path, change] of changed) response.getDetaileddiffMap().set(path, propertyDiff(change));
      return response;
    }),

    create: answer(async (request: pb.CreateRequest) => {
      const inputs = decodeProperties(request.getProperties());
      const { id, properties } = await provider().create(identify(request), inputs, {
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      const response = new pb.CreateResponse();
      response.setId(id);
      response.setProperties(encodeProperties(properties));
      return response;
    }),

    read: answer(async (request: pb.ReadRequest) => {
      const found = await provider().read(
        identify(request),
        request.getId(),
        decodeProperties(request.getProperties()),
        decodeProperties(request.getInputs()),
      );
      const response = new pb.ReadResponse();
      if (found === undefined) return response;
      response.setId(found.id);
      response.setProperties(encodeProperties(found.properties));
      response.setInputs(encodeProperties(found.inputs));
      return response;
    }),

    update: answer(async (request: pb.UpdateRequest) => {
      const olds = decodeProperties(request.getOlds());
      const news = decodeProperties(request.getNews());
      const properties = await provider().update(identify(request), olds, news, {
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
        ignored: request.getIgnorechangesList(),
      });
      const response = new pb.UpdateResponse();
      response.setProperties(encodeProperties(properties));
      return response;
    }),

    delete: answer(async (request: pb.DeleteRequest) => {
      const state = decodeProperties(request.getProperties());
      await provider().delete(identify(request), request.getId(), state, request.getTimeout());
      return new empty.Empty();
    }),

    cancel: answer(() => {
      cancellation.abort(new Error('the operation was cancelled'));
      return new empty.Empty();
    }),

    construct: answer(refuse),
    invoke: answer(refuse),
    call: answer(refuse),
  };
}

function refuse(): never {
  throw new Error(STAND_IN);
}

function identify(request: { getUrn(): string }): ResourceIdentity {
  return { urn: request.getUrn(), type: typeOfUrn(request.getUrn()) };
}

function answer<Request, Response>(
  work: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    void (async () => {
      try {
        callback(null, await work(call.request));
      } catch (error) {
        callback(encodeError(error));
      }
    })();
  };
}

function changes(any: boolean) {
  return any ? pb.DiffResponse.DiffChanges.DIFF_SOME : pb.DiffResponse.DiffChanges.DIFF_NONE;
}

function propertyDiff({ kind, replaces }: Change): pb.PropertyDiff {
  const { ADD, DELETE, UPDATE, ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE } = pb.PropertyDiff.Kind;
  const kinds = {
    add: [ADD, ADD_REPLACE],
    delete: [DELETE, DELETE_REPLACE],
    update: [UPDATE, UPDATE_REPLACE],
  } as const;
  const diff = new pb.PropertyDiff();
  diff.setKind(kinds[kind][replaces ? 1 : 0]);
  diff.setInputdiff(true);
  return diff;
}

/** A failed initialization travels as a detail of the status, so that the engine keeps the state. */
function encodeError(error: unknown): { code: status; details: string; metadata: Metadata } {
  const message = error instanceof Error ? error.message : String(error);
  const metadata = new Metadata();
  if (error instanceof InitializationError) {
    const { id, properties, inputs } = error.outcome;
    const detail = new pb.ErrorResourceInitFailed();
    detail.setId(id);
    detail.setProperties(encodeProperties(properties));
    if (inputs !== undefined) detail.setInputs(encodeProperties(inputs));
    detail.setReasonsList([...error.reasons]);
    const packed = new any.Any();
    packed.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
    const rpcStatus = new statuses.Status();
    rpcStatus.setCode(status.UNKNOWN);
    rpcStatus.setMessage(message);
    rpcStatus.addDetails(packed);
    metadata.add('grpc-status-details-bin', Buffer.from(rpcStatus.serializeBinary()));
  }
  return { code: status.UNKNOWN, details: message, metadata };
}
