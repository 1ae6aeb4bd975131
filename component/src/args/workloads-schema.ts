/** The shape of what is said about the pods of the two programs. */
import { ENV, GRATUITOUS_LIMITS, MEMBERLIST_PROFILES } from '@metallb-l2/sdk/settings';
import { computable, fields, listOf, matching, oneOf, parsedBy, wholeNumber } from './fields.js';
import {
  envSchema,
  labelsSchema,
  objectName,
  resourcesSchema,
  tolerationSchema,
} from './kubernetes-schema.js';

/** Where a variable that the component sets is to be said instead. */
const SET_BY: Readonly<Record<string, string>> = {
  [ENV.namespace]: 'namespace',
  [ENV.logLevel]: 'logLevel',
  [ENV.loadBalancerClass]: 'loadBalancerClass',
  [ENV.memberlistProfile]: 'speaker.gossipProfile',
  [ENV.gratuitousInterval]: 'speaker.gratuitousIntervalSeconds',
  [ENV.gratuitousFrames]: 'speaker.gratuitousFramesPerSecond',
};
/** Left to the user: there are defaults, and no arguments. */
const FREE = new Set<string>([ENV.leaseDuration, ENV.renewDeadline, ENV.retryPeriod]);
const ITS_OWN = new Set([...Object.values(ENV), 'MALLOC_ARENA_MAX'].filter((name) => !FREE.has(name)));

function reservedVariable(name: string): string | undefined {
  const argument = SET_BY[name];
  if (argument !== undefined) return `it is set by the argument "${argument}"; use that`;
  return ITS_OWN.has(name) ? 'the component sets it; leave it out' : undefined;
}

/** The default class of priority is the cluster's, which has no name. */
const priorityClass = matching(
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
  253,
  'the name of a PriorityClass, or "" for the default of the cluster',
);

const interfacePattern = parsedBy(
  'a regular expression like "^wlan"',
  (source) => {
    if (source === '')
      throw new SyntaxError('"" matches every interface; write a regular expression like "^wlan"');
    return new RegExp(source);
  },
  SyntaxError,
);

const podFields = {
  nodeSelector: computable(
    labelsSchema({ 'kubernetes.io/os': 'the programs run on Linux alone, and the component says so' }),
  ).optional(),
  resources: resourcesSchema.optional(),
  env: computable(envSchema(reservedVariable)).optional(),
  tolerations: computable(listOf(tolerationSchema, 'tolerations')).optional(),
  priorityClassName: computable(priorityClass).optional(),
};

const { intervalSeconds, framesPerSecond } = GRATUITOUS_LIMITS;

export const speakerSchema = fields(
  {
    ...podFields,
    excludeInterfaces: computable(listOf(interfacePattern, 'regular expressions')).optional(),
    includeInterfaces: computable(
      listOf(interfacePattern, 'regular expressions').min(1, {
        error: 'no interface would be used; name at least one, or leave the field out for all',
      }),
    ).optional(),
    gossipProfile: computable(oneOf(MEMBERLIST_PROFILES)).optional(),
    gratuitousIntervalSeconds: computable(
      wholeNumber(intervalSeconds.min, intervalSeconds.max, 'seconds'),
    ).optional(),
    gratuitousFramesPerSecond: computable(
      wholeNumber(framesPerSecond.min, framesPerSecond.max, 'frames'),
    ).optional(),
  },
  'an object',
);

export const controllerSchema = fields(
  { ...podFields, replicas: computable(wholeNumber(1, 5, 'pods')).optional() },
  'an object',
);

export const pullSecretsSchema = listOf(objectName, 'names of secrets');
