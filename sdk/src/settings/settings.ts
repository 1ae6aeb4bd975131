/**
 * What the two programs of the image read from their environment: the contract between the component,
 * which writes it into the pods, and the speaker package, which parses it. Names are upstream's where
 * upstream has one.
 */
import * as z from 'zod';
import { DEFAULT_NAMESPACE } from './labels.js';

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
} as const;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Upstream's metrics port, kept so that scrapers and firewalls need no change. */
export const DEFAULT_HTTP_PORT = 7472;

const common = {
  [ENV.namespace]: z.string().min(1).default(DEFAULT_NAMESPACE),
  [ENV.logLevel]: z.enum(LOG_LEVELS).default('info'),
  [ENV.httpPort]: z.coerce.number().int().min(1).max(65535).default(DEFAULT_HTTP_PORT),
  [ENV.podName]: z.string().min(1),
  [ENV.podUid]: z.string().min(1),
};

const controllerEnv = z
  .object({
    ...common,
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
const speakerEnv = z.object({ ...common, [ENV.nodeName]: z.string().min(1) });

/** What both programs are told. */
export interface CommonSettings {
  namespace: string;
  logLevel: LogLevel;
  httpPort: number;
  pod: { name: string; uid: string };
}

export interface ControllerSettings extends CommonSettings {
  /** The secret of the speakers' gossip to make, and the Deployment that owns it; none: the gossip has no key. */
  memberlistSecret?: { name: string; deployment: string };
}

export interface SpeakerSettings extends CommonSettings {
  nodeName: string;
}

/** The environment does not say what a program needs; the message has one line for each bad variable. */
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
  };
}

/** @throws SettingsError */
export function parseControllerSettings(env: Env): ControllerSettings {
  const parsed = parse(controllerEnv, env);
  const { [ENV.memberlistSecret]: name, [ENV.deployment]: deployment } = parsed;
  const secret = name === undefined || deployment === undefined ? undefined : { name, deployment };
  return { ...commonSettings(parsed), ...(secret !== undefined && { memberlistSecret: secret }) };
}

/** @throws SettingsError */
export function parseSpeakerSettings(env: Env): SpeakerSettings {
  const parsed = parse(speakerEnv, env);
  return { ...commonSettings(parsed), nodeName: parsed[ENV.nodeName] };
}
