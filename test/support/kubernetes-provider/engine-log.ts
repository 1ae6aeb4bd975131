/** Messages to the engine, which shows them beside the resource they are about. */
import { credentials } from '@grpc/grpc-js';
import engineService from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';

/** What can be said about one resource. */
export interface ResourceLog {
  /** Replaces the text beside the resource while it is worked on; gone when it is done. */
  status(text: string): void;
  /** Stays in the output. */
  warn(text: string): void;
}

/** The engine's log. */
export class EngineLog {
  readonly #client: InstanceType<typeof engineService.EngineClient>;

  /** @param address `host:port` of the engine */
  constructor(address: string) {
    this.#client = new engineService.EngineClient(address, credentials.createInsecure());
  }

  /** The log of one resource. A text that repeats the one before is left out. */
  forResource(urn: string): ResourceLog {
    let last = '';
    const once = (severity: engine.LogSeverity, ephemeral: boolean) => (text: string) => {
      if (text === last) return;
      last = text;
      const request = new engine.LogRequest();
      request.setSeverity(severity);
      request.setMessage(text);
      request.setUrn(urn);
      request.setEphemeral(ephemeral);
      // The engine may be gone already: a message lost then is no loss.
      this.#client.log(request, () => undefined);
    };
    return { status: once(engine.LogSeverity.INFO, true), warn: once(engine.LogSeverity.WARNING, false) };
  }
}
