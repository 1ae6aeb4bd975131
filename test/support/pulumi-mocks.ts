/** Pulumi's engine as a recorder: what a program registers, without a cluster or a provider. */
import * as pulumi from '@pulumi/pulumi';

/** A resource as it reached the engine. */
export interface RecordedResource {
  urn: string;
  type: string;
  name: string;
  /** Outputs are resolved; secrets are marked as on the wire. */
  inputs: Record<string, unknown>;
  parent: string;
  /** URNs of everything it waits for, whether named in `dependsOn` or used as an input. */
  dependencies: string[];
  retainOnDelete: boolean;
  protect: boolean;
  deleteBeforeReplace: boolean;
  /** By operation; without those that are left to the provider. */
  customTimeouts: Record<string, string>;
}

/** What the recorder holds. */
export interface PulumiMocks {
  readonly resources: readonly RecordedResource[];
  /** The only resource of a type, or of a type and a name; throws unless there is exactly one. */
  find(type: string, name?: string): RecordedResource;
}

export interface MockOptions {
  /** @default false */
  preview?: boolean;
  /** Whether the resources are there already; in a preview those that are not have no id yet. @default true */
  created?: boolean;
  /** What the provider adds to a resource's inputs, such as a status. */
  state?: (resource: { type: string; name: string }) => Record<string, unknown>;
}

/** Starts a recording; the one before must be {@link settled}. */
export async function mockPulumi({
  preview = false,
  created = true,
  state = () => ({}),
}: MockOptions = {}): Promise<PulumiMocks> {
  const resources: RecordedResource[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ inputs }) => inputs as Record<string, unknown>,
      newResource: ({ type, name, inputs }) => ({
        id: created || !preview ? `${name}-id` : '',
        state: { ...(inputs as Record<string, unknown>), ...state({ type, name }) },
      }),
    },
    'project',
    'stack',
    preview,
  );
  record(resources);
  return {
    resources,
    find(type, name) {
      const found = resources.filter(
        (each) => each.type === type && (name === undefined || each.name === name),
      );
      const [only] = found;
      if (only !== undefined && found.length === 1) return only;
      const known = resources.map((each) => `\n  ${each.type} ${each.name}`).join('');
      throw new Error(`${found.length} resources are ${type} ${name ?? ''}; there are${known}`);
    },
  };
}

/** Resolves once everything registered so far, children of components included, has reached the engine. */
export async function settled(): Promise<void> {
  await pulumi.runtime.disconnect();
}

/** The value of an output, undefined when it is not known, as in a preview; or what it fails with. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  const promises = promisesOf(output);
  // Left alone, those that fail with the value would end the process, as they are meant to in a program.
  for (const each of [promises.isKnown, promises.isSecret, promises.allResources()])
    each.catch(() => undefined);
  return promises.promise() as Promise<T | undefined>;
}

/** Whether an output has a value by now; in a preview some have none. */
export function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  return promisesOf(output).isKnown;
}

/** What the types of Pulumi keep to themselves. */
interface OutputPromises {
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
  promise(): Promise<unknown>;
  allResources(): Promise<unknown>;
}

function promisesOf(output: pulumi.Output<unknown>): OutputPromises {
  return output as unknown as OutputPromises;
}

/** Options of a resource are not among what mocks are told; the request to the engine has them. */
function record(resources: RecordedResource[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as { registerResource: Register };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      if (response !== undefined) {
        resources.push({
          urn: response.getUrn(),
          type: request.getType(),
          name: request.getName(),
          inputs: request.getObject()?.toJavaScript() ?? {},
          parent: request.getParent(),
          dependencies: request.getDependenciesList(),
          retainOnDelete: request.getRetainondelete() ?? false,
          protect: request.getProtect() ?? false,
          deleteBeforeReplace: request.getDeletebeforereplace(),
          customTimeouts: Object.fromEntries(
            Object.entries(request.getCustomtimeouts()?.toObject() ?? {}).filter(([, time]) => time !== ''),
          ),
        });
      }
      callback(error, response);
    });
}

type Register = (
  request: {
    getType(): string;
    getName(): string;
    getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
    getParent(): string;
    getDependenciesList(): string[];
    getRetainondelete(): boolean | undefined;
    getProtect(): boolean | undefined;
    getDeletebeforereplace(): boolean;
    getCustomtimeouts(): { toObject(): Record<string, string> } | undefined;
  },
  callback: (error: unknown, response: { getUrn(): string } | undefined) => void,
) => unknown;
