/**
 * The servers of a control plane, wherever they run: etcd, kube-apiserver, kube-controller-manager and, where
 * pods are to land on nodes, kube-scheduler. etcd speaks over sockets in its folder, so it needs no port.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Task } from '../toolchain/progress.ts';
import { type ToolName } from '../toolchain/tools.ts';
import { readApi } from './api-request.ts';
import { renderAuditPolicy } from './audit.ts';
import {
  type ApiAccess,
  createServiceAccountKey,
  createUser,
  renderKubeconfig,
  renderTokenFile,
  type User,
} from './credentials.ts';
import { type ServerCommand, type ServerProcess } from './processes.ts';

export interface ControlPlaneSite {
  /** Holds everything the servers write; must exist. */
  readonly folder: string;
  readonly tools: Readonly<Partial<Record<ToolName, string>>>;
  /** Where the API server listens. */
  readonly address: string;
  readonly port: number;
  /** The ranges of cluster IPs, one for each family. */
  readonly serviceRanges: readonly string[];
  /** Whether its address is published as `default/kubernetes`; not possible for a loopback address. */
  readonly published: boolean;
  /** Users beyond those of the control plane. */
  readonly users: readonly User[];
  /** Whether kube-controller-manager runs: it collects garbage and judges nodes and their pods. */
  readonly manager: boolean;
  readonly scheduler: boolean;
  readonly start: (command: Omit<ServerCommand, 'diesWithParent'>) => ServerProcess;
}

/** The audit log, in the folder of the site; there from the first call on that it tells of. */
export const AUDIT_LOG = 'logs/audit.log';

// A path ending in `host:port` is the only form of a socket etcd accepts; it is relative to the folder.
const ETCD_CLIENTS = 'unix://etcd-clients:1';
const ETCD_PEERS = 'unix://etcd-peers:1';

/**
 * Starts the servers and resolves when the API server is ready.
 *
 * @returns access as a member of `system:masters`
 */
export async function startControlPlaneServers(site: ControlPlaneSite, task: Task): Promise<ApiAccess> {
  const file = (name: string) => join(site.folder, name);
  const admin = createUser('admin', 'system:masters');
  const manager = createUser('system:kube-controller-manager');
  const scheduler = createUser('system:kube-scheduler');
  await mkdir(file('logs'), { recursive: true });
  await writeFile(file('audit-policy.json'), renderAuditPolicy());
  await writeFile(file('service-account.key'), await createServiceAccountKey(), { mode: 0o600 });
  await writeFile(file('tokens.csv'), renderTokenFile([admin, manager, scheduler, ...site.users]), {
    mode: 0o600,
  });

  const start = (tool: ToolName, args: readonly string[]): ServerProcess => {
    const executable = site.tools[tool];
    if (executable === undefined) throw new Error(`no executable given for ${tool}`);
    return site.start({
      name: tool,
      argv: [executable, ...args],
      logFile: file(`logs/${tool}.log`),
      cwd: site.folder,
    });
  };

  start('etcd', ETCD_ARGUMENTS);
  const apiServer = start('kube-apiserver', apiServerArguments(site, file));
  const access = { server: `https://${hostPort(site.address, site.port)}`, token: admin.token };
  const certificateFile = file('certificates/apiserver.crt');
  await apiServer.ready(task, {
    probe: async () => {
      if (!existsSync(certificateFile)) return false;
      const certificate = await readFile(certificateFile, 'utf8');
      return (await readApi({ ...access, certificate }, '/readyz')).status === 200;
    },
  });
  const certificate = await readFile(certificateFile, 'utf8');
  const kubeconfig = async (name: string, user: User) => {
    const text = renderKubeconfig({ ...access, certificate, token: user.token });
    await writeFile(file(`${name}.kubeconfig`), text, { mode: 0o600 });
    return file(`${name}.kubeconfig`);
  };
  if (site.manager) {
    start('kube-controller-manager', [
      `--kubeconfig=${await kubeconfig('kube-controller-manager', manager)}`,
      `--service-account-private-key-file=${file('service-account.key')}`,
      `--root-ca-file=${certificateFile}`,
      '--use-service-account-credentials',
      // A node that lost its power is noticed within about 14 s instead of a minute.
      '--node-monitor-period=2s',
      '--node-monitor-grace-period=12s',
      ...SINGLE,
    ]);
  }
  if (site.scheduler) {
    start('kube-scheduler', [`--kubeconfig=${await kubeconfig('kube-scheduler', scheduler)}`, ...SINGLE]);
  }
  return { ...access, certificate };
}

const SINGLE = ['--leader-elect=false', '--secure-port=0'];

const ETCD_ARGUMENTS = [
  '--data-dir=etcd',
  // Nothing here has to survive a power cut of the machine itself.
  '--unsafe-no-fsync',
  `--listen-client-urls=${ETCD_CLIENTS}`,
  `--advertise-client-urls=${ETCD_CLIENTS}`,
  `--listen-peer-urls=${ETCD_PEERS}`,
  `--initial-advertise-peer-urls=${ETCD_PEERS}`,
  `--initial-cluster=default=${ETCD_PEERS}`,
  '--log-level=warn',
];

function apiServerArguments(site: ControlPlaneSite, file: (name: string) => string): string[] {
  return [
    `--etcd-servers=${ETCD_CLIENTS}`,
    `--bind-address=${site.address}`,
    `--advertise-address=${site.address}`,
    `--secure-port=${site.port}`,
    `--endpoint-reconciler-type=${site.published ? 'lease' : 'none'}`,
    `--cert-dir=${file('certificates')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged',
    `--audit-policy-file=${file('audit-policy.json')}`,
    `--audit-log-path=${file(AUDIT_LOG)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('service-account.key')}`,
    `--service-account-signing-key-file=${file('service-account.key')}`,
    `--service-cluster-ip-range=${site.serviceRanges.join(',')}`,
    '--kubelet-preferred-address-types=InternalIP',
    // It reaches pods, but no cluster IPs: no kube-proxy runs beside it.
    '--enable-aggregator-routing',
  ];
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
