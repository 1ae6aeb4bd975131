/** The command line over an API server in memory, with what it prints kept. */
import { SERVICES } from '@metallb-l2/sdk/kube';
import {
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
  type ServiceL2StatusStatus,
} from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import type { CliPorts, ClusterChoice } from '../../../../sdk/src/cli/ports.js';
import { Interruption } from '../../../../sdk/src/cli/ports.js';
import { runCli } from '../../../../sdk/src/cli/program.js';
import { FakeClock } from '../../../support/fake-clock.ts';

export interface Rig {
  readonly api: InMemoryKubeApi;
  readonly clock: FakeClock;
  /** Runs a command line, split at its spaces; gives its exit code. */
  run(line: string): Promise<number>;
  runWords(words: readonly string[]): Promise<number>;
  /** What was printed since it was asked last. */
  out(): string;
  err(): string;
  interrupt(): void;
  /** What commands have asked to be connected with. */
  readonly choices: ClusterChoice[];
  openConnections: number;
}

export interface RigOptions {
  readonly namespace?: string;
  readonly colours?: boolean;
  readonly connect?: CliPorts['connect'];
}

export function openRig({ namespace, colours = false, connect }: RigOptions = {}): Rig {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const stop = new AbortController();
  const printed = { out: '', err: '' };
  const output = (which: 'out' | 'err') => ({
    colours,
    write: (text: string) => void (printed[which] += text),
  });
  const take = (which: 'out' | 'err') => {
    const text = printed[which];
    printed[which] = '';
    return text;
  };
  const rig: Rig = {
    api,
    clock,
    choices: [],
    openConnections: 0,
    interrupt: () => stop.abort(new Interruption('interrupted', 130)),
    out: () => take('out'),
    err: () => take('err'),
    run: (line) => rig.runWords(line.split(' ').filter((word) => word !== '')),
    runWords: (words) => runCli(words, ports),
  };
  const ports: CliPorts = {
    name: 'metallb-l2',
    version: '1.2.3',
    out: output('out'),
    err: output('err'),
    clock,
    random: () => 0,
    signal: stop.signal,
    connect:
      connect ??
      (async (choice) => {
        rig.choices.push(choice);
        rig.openConnections++;
        return { api, namespace, close: () => (rig.openConnections -= 1) };
      }),
  };
  return rig;
}

/** The status object of a service that is announced, made when the rig's clock says so. */
export function seedStatus(
  { api }: Pick<Rig, 'api'>,
  service: string,
  node: string,
  status: ServiceL2StatusStatus & { name?: string; label?: string } = {},
): ServiceL2Status {
  const [serviceNamespace = '', serviceName = ''] = service.split('/');
  const { name = `${node}-${serviceName}`, label = node, ...more } = status;
  return api.seed(SERVICE_L2_STATUSES, {
    metadata: {
      name,
      namespace: 'metallb-system',
      labels: {
        'metallb.io/node': label,
        'metallb.io/service-name': serviceName,
        'metallb.io/service-namespace': serviceNamespace,
      },
    },
    status: {
      ...{ node, serviceName, serviceNamespace, interfaces: [{ name: 'eth0' }], addresses: ['192.0.2.10'] },
      ...more,
    },
  });
}

export function seedService(
  { api }: Pick<Rig, 'api'>,
  service: string,
  labels: Record<string, string> = {},
): void {
  const [namespace = '', name = ''] = service.split('/');
  api.seed(SERVICES, { metadata: { namespace, name, labels }, spec: { type: 'LoadBalancer' } });
}
