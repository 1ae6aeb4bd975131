/**
 * `ConfigurationState`: what a part of MetalLB makes of the configuration. Upstream, since v0.15.3, has one
 * for its controller and one for each speaker; ours has the controller's, as all parts judge alike.
 */
import * as z from 'zod';
import type { Condition } from '../kube/core-types.js';
import type { KubeObject, ResourceType } from '../kube/kube-api.js';
import { METALLB_GROUP, METALLB_VERSION, objectFrame } from './object-meta.js';

export type ConfigurationResult = 'Valid' | 'Invalid' | 'Unknown';

export interface ConfigurationStateStatus {
  result?: ConfigurationResult;
  /** The messages of all conditions that do not hold, one a line; empty or absent when all do. */
  errorSummary?: string;
  /** By type: `poolReconcilerValid` for pools, `configReconcilerValid` for what refers to them. */
  conditions?: Condition[];
}

export interface ConfigurationState extends KubeObject {
  status?: ConfigurationStateStatus;
}

/** As `metav1.Condition` of apimachinery has it, so that what upstream writes fits. */
const conditionSchema = z
  .looseObject({
    type: z
      .string()
      .meta({
        maxLength: 316,
        pattern:
          '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
      })
      .describe('What the condition is about.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
    reason: z
      .string()
      .meta({ minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' })
      .describe('Why, in one word.'),
    message: z.string().meta({ maxLength: 32_768 }).describe('Why, for people.'),
    lastTransitionTime: z.string().meta({ format: 'date-time' }).describe('Since when it is so.'),
    observedGeneration: z
      .number()
      .meta({ type: 'integer', format: 'int64', minimum: 0 })
      .exactOptional()
      .describe('Not used.'),
  })
  .describe('One aspect of the configuration.');

/** Reads a `ConfigurationState`, upstream's or ours, as the API server returns it; unknown fields are kept. */
export const configurationStateSchema = z
  .looseObject({
    ...objectFrame('ConfigurationState'),
    status: z
      .looseObject({
        result: z
          .enum(['Valid', 'Invalid', 'Unknown'])
          .exactOptional()
          .describe('Whether all of the configuration is in force.'),
        errorSummary: z.string().exactOptional().describe('What is not, and why; empty when all is.'),
        conditions: z
          .array(conditionSchema)
          .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
          .exactOptional()
          .describe('The aspects of it one by one.'),
      })
      .exactOptional()
      .describe('What was found.'),
  })
  .describe(
    'Shows whether the configuration of MetalLB is in force as a whole.',
  ) satisfies z.ZodType<ConfigurationState>;

export const CONFIGURATION_STATES: ResourceType<ConfigurationState> = {
  group: METALLB_GROUP,
  version: METALLB_VERSION,
  plural: 'configurationstates',
  kind: 'ConfigurationState',
  namespaced: true,
};
