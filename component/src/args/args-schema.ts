/**
 * The shape of the arguments: every field by itself. What needs two fields to be seen is checked in
 * `parse-args.ts`.
 */
import { COMPONENT_LABELS, LOG_LEVELS } from '@metallb-l2/sdk/settings';
import * as z from 'zod';
import { PLATFORMS } from '../image/platform.js';
import { ImageNameError, parseImageReference } from '../image/reference.js';
import { POD_SECURITY } from '../namespace.js';
import {
  computable,
  expected,
  fields,
  flag,
  listOf,
  matching,
  oneOf,
  parsedBy,
  secretText,
  text,
} from './fields.js';
import { annotationsSchema, labelsSchema, namespaceSchema } from './kubernetes-schema.js';
import { metricsSchema, networkPolicySchema } from './operations-schema.js';
import { advertisementSchema, poolSchema } from './pools-schema.js';
import { controllerSchema, pullSecretsSchema, speakerSchema } from './workloads-schema.js';

export const logLevelSchema = oneOf(LOG_LEVELS);
export const platformsSchema = listOf(oneOf(PLATFORMS), 'platforms').min(1, {
  error: 'the list is empty; write what the nodes are, like "linux/amd64"',
});

export const imageNameSchema = parsedBy('the name of an image', parseImageReference, ImageNameError);

export const repositorySchema = imageNameSchema.superRefine((value, context) => {
  const { tag, digest } = parseImageReference(value);
  if (tag === undefined && digest === undefined) return;
  context.addIssue({
    code: 'custom',
    message: `"${value}" has a ${tag === undefined ? 'digest' : 'tag'}; leave it out, the tag is made from what the image holds`,
  });
});

export const usernameSchema = text('the user of the registry, as text');
export const passwordSchema = secretText('the password of that user, as text');

const build = fields(
  {
    repository: computable(repositorySchema),
    base: computable(imageNameSchema).optional(),
    platforms: computable(platformsSchema).optional(),
    insecure: computable(flag).optional(),
    username: computable(usernameSchema).optional(),
    password: computable(passwordSchema).optional(),
  },
  'an object with "repository"',
);

export const loadBalancerClassSchema = matching(
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/,
  317,
  'a class like "example.com/l2"',
);

export const ownLabelsSchema = labelsSchema(
  Object.fromEntries(
    Object.keys(COMPONENT_LABELS.speaker).map((name) => [name, 'the component tells its pods apart by it']),
  ),
);
export const namespaceLabelsSchema = labelsSchema(
  Object.fromEntries(
    Object.keys(POD_SECURITY).map((name) => [name, 'the component sets it, as the speaker needs it']),
  ),
);

/** `MetalLBLayer2Args`; values that come later pass. */
export const argsSchema = fields(
  {
    namespace: computable(namespaceSchema).optional(),
    createNamespace: flag.optional(),
    namespaceLabels: computable(namespaceLabelsSchema).optional(),
    namespaceAnnotations: computable(annotationsSchema).optional(),
    labels: computable(ownLabelsSchema).optional(),
    crds: oneOf(['install', 'patch', 'skip']).optional(),
    image: fields(
      { reference: computable(imageNameSchema).optional(), build: build.optional() },
      'an object with "reference" or "build"',
    ).optional(),
    imagePullSecrets: computable(pullSecretsSchema).optional(),
    pools: z.array(poolSchema, expected('a list of pools')).optional(),
    advertisements: z.array(advertisementSchema, expected('a list of advertisements')).optional(),
    loadBalancerClass: computable(loadBalancerClassSchema).optional(),
    logLevel: computable(logLevelSchema).optional(),
    admissionPolicy: flag.optional(),
    speaker: speakerSchema.optional(),
    controller: controllerSchema.optional(),
    metrics: metricsSchema.optional(),
    networkPolicy: networkPolicySchema.optional(),
  },
  'an object',
);
