/**
 * What the two programs of the image read from their environment: the contract between the component,
 * which writes it into the pods, and the speaker package, which parses it. Names are upstream's where
 * upstream has one.
 */
import * as z from 'zod';
import { AddressError, formatAddress, parseAddress } from '../models/address.js';
import { selectorOf } from '../models/label-selector.js';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from './labels.js';

/** Environment variables of both programs. */
export const ENV = {
  /** The node the speaker runs on (downward API `spec.nodeName`). */
  nodeName: 'METALLB_NODE_NAME',
  /** The pod's own name and UID (downward API); the UID makes the pod the owner of its status objects. */
  podName: 'METALLB_POD_NAME',
  podUid: 'METALLB_POD_UID',
  namespace: 'METALLB_NAMESPACE',
  logLevel: 'METALLB_LOG_LEVEL',
  /** Port of `/metrics`, `/healthz` and `/readyz`. */
  httpPort: 'METALLB_HTTP_PORT',
  /** Name of the secret with the key of the speakers' gossip; the controller makes it when it is set. */
  memberlistSecret: 'METALLB_ML_SECRET_NAME',
  /** The controller's own Deployment, which owns that secret. */
  deployment: 'METALLB_DEPLOYMENT',
  /** When a leading controller counts as gone, gives up by itself, and tries again; seconds, ours alone. */
  leaseDuration: 'METALLB_LEASE_DURATION_SECONDS',
  renewDeadline: 'METALLB_LEASE_RENEW_DEADLINE_SECONDS',
  retryPeriod: 'METALLB_LEASE_RETRY_PERIOD_SECONDS',
  /** File that says which interfaces the speaker uses. */
  interfaceRules: 'METALLB_EXCLUDE_L2_CONFIG',
  /** The address the speaker gossips on (downward API `status.podIP`); empty turns the memberlist off. */
  memberlistAddress: 'METALLB_ML_BIND_ADDR',
  memberlistPort: 'METALLB_ML_BIND_PORT',
  /** Selects the pods of the speakers, as `kubectl -l` takes it; empty turns the memberlist off, as upstream. */
  memberlistLabels: 'METALLB_ML_LABELS',
  /** Folder with a file `secretkey`; empty for gossip in plain text. */
  memberlistSecretPath: 'METALLB_ML_SECRET_KEY_PATH',
  /** How soon a silent speaker is given up; ours alone, upstream has a flag for `wan`. */
  memberlistProfile: 'METALLB_ML_PROFILE',
  /** The `spec.loadBalancerClass` that is served, alone; empty for services without one. Upstream's `--lb-class`. */
  loadBalancerClass: 'METALLB_LB_CLASS',
  /** Seconds in which each announced address is told to the network once more; 0 for never. */
  gratuitousInterval: 'METALLB_GRATUITOUS_INTERVAL_SECONDS',
  /** How many frames the speaker sends unasked on one interface, at most. */
  gratuitousFrames: 'METALLB_GRATUITOUS_FRAMES_PER_SECOND',
} as const;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Upstream's metrics port, kept so that scrapers and firewalls need no change. */
export const DEFAULT_HTTP_PORT = 7472;

/** Where upstream mounts its ConfigMap `metallb-excludel2`; there need not be such a file. */
export const DEFAULT_INTERFACE_RULES_PATH = '/etc/metallb/excludel2.yaml';

/** memberlist's port, UDP and TCP. */
export const DEFAULT_MEMBERLIST_PORT = 7946;

export const MEMBERLIST_PROFILES = ['fast', 'lan', 'wan'] as const;
export type MemberlistProfile = (typeof MEMBERLIST_PROFILES)[number];

/** Switches forget a station after 300 s by default, so that one lost refresh is made good in time. */
export const DEFAULT_GRATUITOUS_INTERVAL_SECONDS = 120;

/** 5,000 addresses take 2.5 s for their first round then. */
export const DEFAULT_GRATUITOUS_FRAMES_PER_SECOND = 4000;

/** What may be asked of gratuitous frames: up to a day between two, and enough of them for one address. */
export const GRATUITOUS_LIMITS = {
  intervalSeconds: { min: 0, max: 86_400 },
  framesPerSecond: { min: 10, max: 100_000 },
} as const;

const port = z.coerce.number().int().min(1).max(65535);

const common = {
  [ENV.namespace]: z.string().min(1).default(DEFAULT_NAMESPACE),
  [ENV.logLevel]: z.enum(LOG_LEVELS).default('info'),
  [ENV.httpPort]: port.default(DEFAULT_HTTP_PORT),
  [ENV.podName]: z.string().min(1),
  [ENV.podUid]: z.string().min(1),
  [ENV.loadBalancerClass]: z.string().default(''),
};

/** A whole number of the environment; empty is not 0. */
function count({ min, max }: { min: number; max: number }) {
  const text = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);
  return text.pipe(z.number().min(min).max(max));
}

/** client-go's. */
export const DEFAULT_LEASE: LeaseSettings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2000,
};

const seconds = z.coerce.number().int().min(1).max(3600);

const controllerEnv = z
  .object({
    ...common,
    [ENV.leaseDuration]: seconds.default(DEFAULT_LEASE.leaseDurationMs / 1000),
    [ENV.renewDeadline]: seconds.default(DEFAULT_LEASE.renewDeadlineMs / 1000),
    [ENV.retryPeriod]: seconds.default(DEFAULT_LEASE.retryPeriodMs / 1000),
    [ENV.memberlistSecret]: z.string().min(1).optional(),
    [ENV.deployment]: z.string().min(1).optional(),
  })
  .superRefine((env, context) => {
    if (env[ENV.memberlistSecret] === undefined || env[ENV.deployment] !== undefined) return;
    context.addIssue({
      code: 'custom',
      path: [ENV.deployment],
      message: `is needed with ${ENV.memberlistSecret}: it owns the secret`,
    });
  });

/** `key=value` and the like, as a selector of labels is written. */
const labelSelector = z
  .string()
  .regex(/^([\w./-]+(=|==|!=)[\w.-]*(,|$))*$/, 'must be labels as "key=value,key=value"');

/** Where others reach this member, in the spelling that they have from the API server; empty for no memberlist. */
const gossipAddress = z.string().transform((text, context) => {
  if (text === '') return text;
  try {
    const { family, value } = parseAddress(text);
    if (value !== 0n) return formatAddress(family, value);
    context.addIssue('is no address that others could reach this node at');
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    context.addIssue(error.message);
  }
  return z.NEVER;
});

const speakerEnv = z.object({
  ...common,
  [ENV.nodeName]: z.string().min(1),
  [ENV.memberlistAddress]: gossipAddress.default(''),
  [ENV.memberlistPort]: z.preprocess(
    (value) => (value === '' ? undefined : value),
    port.default(DEFAULT_MEMBERLIST_PORT),
  ),
  [ENV.memberlistLabels]: labelSelector.default(selectorOf(COMPONENT_LABELS.speaker)),
  [ENV.memberlistSecretPath]: z.string().default(''),
  [ENV.memberlistProfile]: z.enum(MEMBERLIST_PROFILES).default('fast'),
  [ENV.interfaceRules]: z.string().min(1).default(DEFAULT_INTERFACE_RULES_PATH),
  [ENV.gratuitousInterval]: count(GRATUITOUS_LIMITS.intervalSeconds).default(
    DEFAULT_GRATUITOUS_INTERVAL_SECONDS,
  ),
  [ENV.gratuitousFrames]: count(GRATUITOUS_LIMITS.framesPerSecond).default(
    DEFAULT_GRATUITOUS_FRAMES_PER_SECOND,
  ),
});

/** What both programs are told. */
export interface CommonSettings {
  namespace: string;
  logLevel: LogLevel;
  httpPort: number;
  pod: { name: string; uid: string };
  /** The only class of services that is served; undefined for those without one. */
  loadBalancerClass?: string | undefined;
}

/** How controllers decide which of them leads, in milliseconds; each is shorter than the one before. */
export interface LeaseSettings {
  /** So long others wait for a leader that does not renew its lease. */
  leaseDurationMs: number;
  /** So long a leader goes on without having renewed it. */
  renewDeadlineMs: number;
  /** Between two tries. */
  retryPeriodMs: number;
}

export interface ControllerSettings extends CommonSettings {
  lease: LeaseSettings;
  /** The secret of the speakers' gossip to make, and the Deployment that owns it; none: the gossip has no key. */
  memberlistSecret?: { name: string; deployment: string };
}

/** How the speakers find out among themselves who lives. */
export interface MemberlistSettings {
  address: string;
  port: number;
  labelSelector: string;
  /** Folder of the file `secretkey`; undefined for gossip in plain text. */
  secretPath: string | undefined;
  profile: MemberlistProfile;
}

/** How the network is told about addresses, unasked. */
export interface GratuitousSettings {
  /** 0 for never again after the first burst. */
  intervalSeconds: number;
  /** On each interface, at most. */
  framesPerSecond: number;
}

export interface SpeakerSettings extends CommonSettings {
  nodeName: string;
  /** Not there when it is turned off: then the readiness of the pods says who lives. */
  memberlist?: MemberlistSettings | undefined;
  /** Path of the file that `parseInterfaceRules` reads. */
  interfaceRulesPath: string;
  gratuitous: GratuitousSettings;
}

/** The environment or a file of settings does not say what a program needs; one line for each fault. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

function parse<T>(schema: z.ZodType<T>, env: Env): T {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    const value = env[name];
    return value === undefined ? `${name} is not set` : `${name}="${value}": ${issue.message}`;
  });
  throw new SettingsError(`bad settings in the environment:\n  ${lines.join('\n  ')}`);
}

type Env = Readonly<Record<string, string | undefined>>;

function commonSettings(parsed: z.infer<z.ZodObject<typeof common>>): CommonSettings {
  return {
    namespace: parsed[ENV.namespace],
    logLevel: parsed[ENV.logLevel],
    httpPort: parsed[ENV.httpPort],
    pod: { name: parsed[ENV.podName], uid: parsed[ENV.podUid] },
    loadBalancerClass: parsed[ENV.loadBalancerClass] === '' ? undefined : parsed[ENV.loadBalancerClass],
  };
}

/** @throws SettingsError unless each time is shorter than the one before: two could lead at once otherwise */
function leaseSettings(parsed: z.infer<typeof controllerEnv>): LeaseSettings {
  const order = [ENV.leaseDuration, ENV.renewDeadline, ENV.retryPeriod] as const;
  const [duration, deadline, period] = order.map((name) => parsed[name]) as [number, number, number];
  if (duration <= deadline || deadline <= period) {
    const given = order.map((name) => `${name}=${String(parsed[name])}`).join(', ');
    throw new SettingsError(
      `bad settings in the environment:\n  ${given}: each must be longer than the next one`,
    );
  }
  return {
    leaseDurationMs: duration * 1000,
    renewDeadlineMs: deadline * 1000,
    retryPeriodMs: period * 1000,
  };
}

/** @throws SettingsError */
export function parseControllerSettings(env: Env): ControllerSettings {
  const parsed = parse(controllerEnv, env);
  const { [ENV.memberlistSecret]: name, [ENV.deployment]: deployment } = parsed;
  const secret = name === undefined || deployment === undefined ? undefined : { name, deployment };
  const lease = leaseSettings(parsed);
  return { ...commonSettings(parsed), lease, ...(secret !== undefined && { memberlistSecret: secret }) };
}

/** @throws SettingsError */
export function parseSpeakerSettings(env: Env): SpeakerSettings {
  const parsed = parse(speakerEnv, env);
  const address = parsed[ENV.memberlistAddress];
  const labels = parsed[ENV.memberlistLabels];
  const secretPath = parsed[ENV.memberlistSecretPath];
  const memberlist: MemberlistSettings = {
    address,
    port: parsed[ENV.memberlistPort],
    labelSelector: labels,
    secretPath: secretPath === '' ? undefined : secretPath,
    profile: parsed[ENV.memberlistProfile],
  };
  return {
    ...commonSettings(parsed),
    nodeName: parsed[ENV.nodeName],
    memberlist: address === '' || labels === '' ? undefined : memberlist,
    interfaceRulesPath: parsed[ENV.interfaceRules],
    gratuitous: {
      intervalSeconds: parsed[ENV.gratuitousInterval],
      framesPerSecond: parsed[ENV.gratuitousFrames],
    },
  };
}
