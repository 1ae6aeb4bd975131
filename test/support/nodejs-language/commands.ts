/** How the real language host starts programs and plugins (main.go: `constructArguments`, `RunPlugin`). */
import type language from '@pulumi/pulumi/proto/language_pb.js';

/** What stands under `runtime.options` of a Pulumi.yaml. */
export interface Options {
  /** Whether TypeScript is compiled while it is loaded. @default true */
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
}

export function optionsOf(raw: Record<string, unknown>): Options {
  const { typescript = true, tsconfig } = raw;
  return { typescript: typescript === true, tsconfig: typeof tsconfig === 'string' ? tsconfig : undefined };
}

export function programCommand(
  request: language.RunRequest,
  deps: { runner: string; engineAddress: string; options: Options; env: NodeJS.ProcessEnv },
): Command {
  const info = request.getInfo();
  const flags = {
    monitor: request.getMonitorAddress(),
    engine: deps.engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    'root-directory': info?.getRootDirectory() ?? '',
    stack: request.getStack(),
    pwd: info?.getProgramDirectory() ?? '',
    parallel: String(request.getParallel()),
  };
  return {
    program: 'node',
    args: [
      deps.runner,
      ...Object.entries(flags).flatMap(([name, value]) => (value === '' ? [] : [`--${name}`, value])),
      ...(request.getDryrun() ? ['--dry-run'] : []),
      info?.getEntryPoint() ?? '.',
      ...request.getArgsList(),
    ],
    env: {
      ...deps.env,
      ...typescriptVariables(deps.options),
      PULUMI_CONFIG: JSON.stringify(configOf(request)),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  };
}

export function pluginCommand(
  request: language.RunPluginRequest,
  deps: { runner: string; options: Options },
): Command {
  const variables = request.getEnvList().map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return {
    program: 'node',
    args: [deps.runner, request.getInfo()?.getProgramDirectory() ?? '', ...request.getArgsList()],
    cwd: request.getPwd(),
    env: { ...Object.fromEntries(variables), ...typescriptVariables(deps.options) },
  };
}

function typescriptVariables({ typescript, tsconfig }: Options): Record<string, string> {
  return {
    ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: 'true' } : {}),
    ...(tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}

/** Programs are given their configuration under the keys of old: `<project>:config:<name>`. */
function configOf(request: language.RunRequest): Record<string, string> {
  const entries = [...request.getConfigMap().entries()].map(([key, value]): [string, string] => {
    return [key.replace(/^([^:]+):(?!config:)/, '$1:config:'), value];
  });
  return Object.fromEntries(entries);
}
