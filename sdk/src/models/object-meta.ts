/** The frame every object has, read tolerantly: only what this project relies on is checked. */
import * as z from 'zod';

const labels = z.record(z.string(), z.string());

const ownerReferenceSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().exactOptional(),
  blockOwnerDeletion: z.boolean().exactOptional(),
});

const objectMetaSchema = z.looseObject({
  name: z.string().exactOptional(),
  generateName: z.string().exactOptional(),
  namespace: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  generation: z.number().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
  labels: labels.exactOptional(),
  annotations: labels.exactOptional(),
  ownerReferences: z.array(ownerReferenceSchema).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
});

/** `apiVersion`, `kind` and `metadata` of one kind; the items of a list may lack the first two. */
export function objectFrame<Kind extends string>(kind: Kind) {
  return {
    apiVersion: z.literal(METALLB_API_VERSION).exactOptional(),
    kind: z.literal(kind).exactOptional(),
    metadata: objectMetaSchema,
  };
}

/** The API group of MetalLB's resources. */
export const METALLB_GROUP = 'metallb.io';
/** The version all of its layer-2 resources are served and stored in. */
export const METALLB_VERSION = 'v1beta1';
export const METALLB_API_VERSION = `${METALLB_GROUP}/${METALLB_VERSION}` as const;
