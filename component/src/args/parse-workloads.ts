/** What is said about the pods of the two programs: checked, with defaults. */
import {
  DEFAULT_GRATUITOUS_FRAMES_PER_SECOND,
  DEFAULT_GRATUITOUS_INTERVAL_SECONDS,
} from '@metallb-l2/sdk/settings';
import type * as pulumi from '@pulumi/pulumi';
import { checked, checkedIfGiven } from './checked.js';
import type { Controller, Resources, Speaker } from './workloads.js';
import { controllerSchema, speakerSchema } from './workloads-schema.js';

type Known<T> = pulumi.Input<pulumi.Unwrap<T>>;
type Given<T> = Known<NonNullable<T>> | undefined;

/** Where and how the pods of a program run. */
export interface ParsedPods {
  nodeSelector: Known<Record<string, string>>;
  tolerations: Given<Speaker['tolerations']>;
  /** `""` for the cluster's default. */
  priorityClassName: pulumi.Input<string>;
  resources: { requests: Known<Record<string, string>>; limits: Given<Resources['limits']> };
  env: Known<Record<string, string>>;
}

export interface ParsedSpeaker extends ParsedPods {
  excludeInterfaces: Given<Speaker['excludeInterfaces']>;
  includeInterfaces: Given<Speaker['includeInterfaces']>;
  gossipProfile: pulumi.Input<string>;
  gratuitousIntervalSeconds: pulumi.Input<number>;
  gratuitousFramesPerSecond: pulumi.Input<number>;
}

export interface ParsedController extends ParsedPods {
  replicas: pulumi.Input<number>;
}

const DEFAULT_REQUESTS = { cpu: '20m', memory: '96Mi' };

/** DaemonSets tolerate nodes that are not ready or unreachable by themselves. */
const CONTROL_PLANE = [
  { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
];

export function parseSpeaker(speaker: Speaker): ParsedSpeaker {
  const { shape } = speakerSchema;
  return {
    ...parsePods('speaker', speaker, {
      priorityClassName: 'system-node-critical',
      tolerations: CONTROL_PLANE,
    }),
    excludeInterfaces: checkedIfGiven(
      shape.excludeInterfaces,
      speaker.excludeInterfaces,
      'speaker.excludeInterfaces',
    ),
    includeInterfaces: checkedIfGiven(
      shape.includeInterfaces,
      speaker.includeInterfaces,
      'speaker.includeInterfaces',
    ),
    gossipProfile: checked(shape.gossipProfile, speaker.gossipProfile ?? 'fast', 'speaker.gossipProfile'),
    gratuitousIntervalSeconds: checked(
      shape.gratuitousIntervalSeconds,
      speaker.gratuitousIntervalSeconds ?? DEFAULT_GRATUITOUS_INTERVAL_SECONDS,
      'speaker.gratuitousIntervalSeconds',
    ),
    gratuitousFramesPerSecond: checked(
      shape.gratuitousFramesPerSecond,
      speaker.gratuitousFramesPerSecond ?? DEFAULT_GRATUITOUS_FRAMES_PER_SECOND,
      'speaker.gratuitousFramesPerSecond',
    ),
  };
}

export function parseController(controller: Controller): ParsedController {
  return {
    ...parsePods('controller', controller, { priorityClassName: 'system-cluster-critical' }),
    replicas: checked(controllerSchema.shape.replicas, controller.replicas ?? 2, 'controller.replicas'),
  };
}

function parsePods(
  path: 'speaker' | 'controller',
  pods: Speaker | Controller,
  defaults: Pick<Speaker, 'priorityClassName' | 'tolerations'>,
): ParsedPods {
  const { nodeSelector = {}, resources = {}, env = {} } = pods;
  const { priorityClassName = defaults.priorityClassName ?? '', tolerations = defaults.tolerations } = pods;
  const { shape } = speakerSchema;
  const limits = shape.resources.unwrap().shape;
  return {
    nodeSelector: checked(shape.nodeSelector, nodeSelector, `${path}.nodeSelector`),
    tolerations: checkedIfGiven(shape.tolerations, tolerations, `${path}.tolerations`),
    priorityClassName: checked(shape.priorityClassName, priorityClassName, `${path}.priorityClassName`),
    resources: {
      requests: checked(
        limits.requests,
        resources.requests ?? DEFAULT_REQUESTS,
        `${path}.resources.requests`,
      ),
      limits: checkedIfGiven(limits.limits, resources.limits, `${path}.resources.limits`),
    },
    env: checked(shape.env, env, `${path}.env`),
  };
}
