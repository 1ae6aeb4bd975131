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

const controllerEnv = z.object(common);
const speakerEnv = z.object({ ...common, [ENV.nodeName]: z.string().min(1) });

export interface ControllerSettings {
  namespace: string;
  logLevel: LogLevel;
  httpPort: number;
  pod: { name: string; uid: string };
}

export interface SpeakerSettings extends ControllerSettings {
  nodeName: string;
}

/** The environment does not say what a program needs; the message has one line for each bad variable. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

function parse<T>(schema: z.ZodType<T>, env: Readonly<Record<string, string | undefined>>): T {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    const value = env[name];
    return value === undefined ? `${name} is not set` : `${name}="${value}": ${issue.message}`;
  });
  throw new SettingsError(`bad settings in the environment:\n  ${lines.join('\n  ')}`);
}

/** @throws SettingsError */
export function parseControllerSettings(
  env: Readonly<Record<string, string | undefined>>,
): ControllerSettings {
  const parsed = parse(controllerEnv, env);
  return {
    namespace: parsed[ENV.namespace],
    logLevel: parsed[ENV.logLevel],
    httpPort: parsed[ENV.httpPort],
    pod: { name: parsed[ENV.podName], uid: parsed[ENV.podUid] },
  };
}

/** @throws SettingsError */
export function parseSpeakerSettings(env: Readonly<Record<string, string | undefined>>): SpeakerSettings {
  const parsed = parse(speakerEnv, env);
  return { ...parseControllerSettings(env), nodeName: parsed[ENV.nodeName] };
}
