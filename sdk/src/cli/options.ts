/** Options that several commands take, named as kubectl names them. */
import { Argument, Option } from 'commander';
import { DEFAULT_NAMESPACE } from '../settings/labels.js';
import { parseNamespace, parseNode, parseServiceArgument } from './arguments.js';

export type Format = 'wide' | 'json' | 'yaml' | 'name';

export function globalOptions(): Option[] {
  return [
    new Option(
      '-n, --namespace <name>',
      'namespace of the services (default: that of the context)',
    ).argParser(parseNamespace),
    new Option('--context <name>', 'context of the kubeconfig (default: its current one)'),
    new Option(
      '--kubeconfig <file>',
      'kubeconfig (default: $KUBECONFIG, ~/.kube/config, the account of the pod)',
    ),
    new Option('--metallb-namespace <name>', 'namespace of MetalLB, where the statuses are')
      .default(DEFAULT_NAMESPACE)
      .argParser(parseNamespace),
  ];
}

export function serviceArgument({ required }: { required: boolean }): Argument {
  const name = required ? '<service>' : '[service]';
  return new Argument(name, 'NAME or NAMESPACE/NAME').argParser(parseServiceArgument);
}

export function outputOption(...formats: readonly Format[]): Option {
  return new Option('-o, --output <format>', 'another form than the default').choices(formats);
}

export const allNamespacesOption = () => new Option('-A, --all-namespaces', 'services of all namespaces');

export const nodeOption = () =>
  new Option('--node <name>', 'only what this node announces').argParser(parseNode);

export const noHeadersOption = () => new Option('--no-headers', 'without the row of headings');
