/**
 * `ServiceL2Status`: which node announces a service. Objects are created without their status, which
 * comes in a second write: `.status` may be absent or empty, and the labels of `STATUS_LABELS` are there
 * first.
 */
import * as z from 'zod';
import type { KubeObject, ResourceType } from '../kube/kube-api.js';
import { METALLB_GROUP, METALLB_VERSION, objectFrame } from './object-meta.js';

export interface ServiceL2StatusStatus {
  node?: string;
  serviceName?: string;
  serviceNamespace?: string;
  /** Interfaces that answer. From upstream's speakers: absent means all. */
  interfaces?: { name?: string }[];
  /** Addresses announced, in canonical form. Ours: absent on upstream's objects and CRD. */
  addresses?: string[];
  /** RFC 3339: since when this node announces the service. Ours as well. */
  announcedSince?: string;
}

export interface ServiceL2Status extends KubeObject {
  status?: ServiceL2StatusStatus;
}

const immutable = {
  'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'Value is immutable' }],
};

/** Reads a `ServiceL2Status`, upstream's or ours, as the API server returns it; unknown fields are kept. */
export const serviceL2StatusSchema = z
  .looseObject({
    ...objectFrame('ServiceL2Status'),
    spec: z.looseObject({}).exactOptional().describe('Not used.'),
    status: z
      .looseObject({
        node: z.string().exactOptional().describe('The node that announces the service.'),
        serviceName: z.string().meta(immutable).exactOptional().describe('Name of the service.'),
        serviceNamespace: z.string().meta(immutable).exactOptional().describe('Namespace of the service.'),
        interfaces: z
          .array(
            z
              .looseObject({ name: z.string().exactOptional().describe('Name of the interface.') })
              .describe('An interface of the node.'),
          )
          .exactOptional()
          .describe('Interfaces on which the node answers; absent means all.'),
        addresses: z.array(z.string()).exactOptional().describe('Addresses the node answers for.'),
        announcedSince: z
          .string()
          .meta({ format: 'date-time' })
          .exactOptional()
          .describe('Since when this node announces the service.'),
      })
      .exactOptional()
      .describe('Where the service is announced; empty until the speaker has filled it in.'),
  })
  .describe('Shows which node announces a service in layer 2.') satisfies z.ZodType<ServiceL2Status>;

export const SERVICE_L2_STATUSES: ResourceType<ServiceL2Status> = {
  group: METALLB_GROUP,
  version: METALLB_VERSION,
  plural: 'servicel2statuses',
  kind: 'ServiceL2Status',
  namespaced: true,
};
