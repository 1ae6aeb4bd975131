/**
 * The engine's language protocol, as far as running programs and plugins goes. What runs them is the same as
 * with the real host: `cmd/run` and `cmd/run-plugin` of the `@pulumi/pulumi` that the program has installed.
 * Command lines and environment are those of the real one (pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs).
 */
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerWritableStream, handleUnaryCall } from '@grpc/grpc-js';
import language from '@pulumi/pulumi/proto/language_pb.js';
import service from '@pulumi/pulumi/proto/language_grpc_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { type Options, optionsOf, pluginCommand, programCommand } from './commands.ts';
import { locateRunner, runCommand } from './run-command.ts';

/** Exit code of `cmd/run` after it has told the user what is wrong (cmd/run/index.ts). */
const ALREADY_TOLD = 32;

export interface LanguageDeps {
  readonly engineAddress: string;
  readonly signal: AbortSignal;
}

/** Serves one engine. @returns the port, on the loopback interface */
export async function serveLanguage(deps: LanguageDeps): Promise<number> {
  const server = new Server();
  server.addService(service.LanguageRuntimeService, handlers(deps));
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function handlers({ engineAddress, signal }: LanguageDeps) {
  return {
    getPluginInfo: answer(() => new plugin.PluginInfo()),
    // Which plugins are there is the test's to decide, so none is looked for.
    getRequiredPackages: answer(() => new language.GetRequiredPackagesResponse()),
    cancel: answer(() => new empty.Empty()),

    run: answer(async (request: language.RunRequest) => {
      const { options, directory } = programOf(request);
      const response = new language.RunResponse();
      try {
        const runner = await locateRunner('@pulumi/pulumi/cmd/run', directory);
        const command = programCommand(request, { runner, engineAddress, options, env: process.env });
        const code = await runCommand(command, {
          signal,
          stdout: (bytes) => process.stdout.write(bytes),
          stderr: (bytes) => process.stderr.write(bytes),
        });
        if (code === ALREADY_TOLD) response.setBail(true);
        else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
      } catch (error) {
        response.setError((error as Error).message);
      }
      return response;
    }),

    runPlugin: stream<language.RunPluginRequest, language.RunPluginResponse>(async (call) => {
      const { request } = call;
      const { options, directory } = programOf(request);
      const runner = await locateRunner('@pulumi/pulumi/cmd/run-plugin', directory);
      const stopped = new AbortController();
      call.on('cancelled', () => stopped.abort());
      const send = (fill: (response: language.RunPluginResponse) => void) => {
        const response = new language.RunPluginResponse();
        fill(response);
        call.write(response);
      };
      const code = await runCommand(pluginCommand(request, { runner, options }), {
        signal: AbortSignal.any([signal, stopped.signal]),
        stdout: (bytes) => send((response) => response.setStdout(bytes)),
        stderr: (bytes) => send((response) => response.setStderr(bytes)),
      });
      send((response) => response.setExitcode(code));
    }),

    installDependencies: stream<language.InstallDependenciesRequest, language.InstallDependenciesResponse>(
      async (call) => {
        const args = ['install', '--loglevel=error', '--no-audit', '--no-fund', '--prefer-offline'];
        const directory = call.request.getInfo()?.getProgramDirectory() ?? call.request.getDirectory();
        const stderr: string[] = [];
        const collect = (bytes: Uint8Array) => stderr.push(Buffer.from(bytes).toString());
        const code = await runCommand(
          { program: 'npm', args, cwd: directory, env: process.env },
          { signal, stdout: () => undefined, stderr: collect },
        );
        if (code !== 0) throw new Error(`npm ${args.join(' ')} in ${directory}: ${stderr.join('')}`);
      },
    ),
  };
}

function programOf(request: language.RunRequest | language.RunPluginRequest): {
  options: Options;
  directory: string;
} {
  const info = request.getInfo();
  if (info === undefined) throw new Error('the engine did not say which program to run');
  return {
    options: optionsOf(info.getOptions()?.toJavaScript() ?? {}),
    directory: info.getProgramDirectory(),
  };
}

function answer<Request, Response>(
  work: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(work)
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback({ code: status.UNKNOWN, details: (error as Error).message }),
      );
  };
}

function stream<Request, Response>(work: (call: ServerWritableStream<Request, Response>) => Promise<void>) {
  return (call: ServerWritableStream<Request, Response>) => {
    work(call).then(
      () => call.end(),
      (error: unknown) => call.emit('error', { code: status.UNKNOWN, details: (error as Error).message }),
    );
  };
}
