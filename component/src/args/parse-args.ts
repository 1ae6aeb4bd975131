/**
 * From what the user wrote to what the component builds: checked, with defaults, before any resource
 * exists. What is plain is refused at once, all of it in one error; what another resource computes is
 * checked as soon as its value is known.
 */
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import type * as pulumi from '@pulumi/pulumi';
import { PLATFORMS } from '../image/platform.js';
import type { ImageBuild, MetalLBLayer2Args } from './args.js';
import {
  argsSchema,
  imageNameSchema,
  loadBalancerClassSchema,
  logLevelSchema,
  ownLabelsSchema,
  namespaceLabelsSchema,
  passwordSchema,
  platformsSchema,
  repositorySchema,
  usernameSchema,
} from './args-schema.js';
import { checked, checkedIfGiven } from './checked.js';
import { type ArgsProblem, refuse } from './error.js';
import { flag, isComputed, problemsOf } from './fields.js';
import { annotationsSchema, namespaceSchema } from './kubernetes-schema.js';
import {
  type ParsedMetrics,
  type ParsedNetworkPolicy,
  parseMetrics,
  parseNetworkPolicy,
} from './parse-operations.js';
import {
  type Named,
  type ParsedAdvertisement,
  type ParsedPool,
  parseAdvertisements,
  parsePools,
  poolProblems,
} from './parse-pools.js';
import {
  type ParsedController,
  type ParsedSpeaker,
  parseController,
  parseSpeaker,
} from './parse-workloads.js';
import { isRecord, record } from './plain.js';
import { pullSecretsSchema } from './workloads-schema.js';

/** Texts by name. */
export type Texts = Record<string, string>;

/** An installation of upstream's is mended, and nothing else. */
export interface ParsedPatch {
  crds: 'patch';
  namespace: pulumi.Input<string>;
}

/** A whole installation. */
export interface ParsedArgs {
  crds: 'install' | 'skip';
  namespace: pulumi.Input<string>;
  createNamespace: boolean;
  namespaceLabels: pulumi.Input<Texts>;
  namespaceAnnotations: pulumi.Input<Texts> | undefined;
  labels: pulumi.Input<Texts>;
  image: { reference: pulumi.Input<string> } | { build: ParsedBuild };
  imagePullSecrets: pulumi.Input<string[]> | undefined;
  pools: Named<ParsedPool>[];
  advertisements: Named<ParsedAdvertisement>[];
  loadBalancerClass: pulumi.Input<string> | undefined;
  logLevel: pulumi.Input<string>;
  admissionPolicy: boolean;
  speaker: ParsedSpeaker;
  controller: ParsedController;
  metrics: ParsedMetrics;
  networkPolicy: ParsedNetworkPolicy | undefined;
}

export interface ParsedBuild {
  repository: pulumi.Input<string>;
  base: pulumi.Input<string>;
  platforms: pulumi.Input<string[]>;
  insecure: pulumi.Input<boolean>;
  credentials: { username: pulumi.Input<string>; password: pulumi.Input<string> } | undefined;
}

/** The base of a built image unless another is given. */
export const DEFAULT_BASE = 'gcr.io/distroless/nodejs24-debian13';

/**
 * Checks the arguments and fills in the defaults.
 *
 * @throws ArgsError
 */
export function parseArgs(args: MetalLBLayer2Args): ParsedArgs | ParsedPatch {
  refuse([...problemsOf(argsSchema, args, ''), ...crossProblems(args)]);
  const namespace = checked(namespaceSchema, args.namespace ?? DEFAULT_NAMESPACE, 'namespace');
  if (args.crds === 'patch') return { crds: 'patch', namespace };
  return {
    crds: args.crds === 'skip' ? 'skip' : 'install',
    namespace,
    createNamespace: args.createNamespace ?? true,
    namespaceLabels: checked(namespaceLabelsSchema, args.namespaceLabels ?? {}, 'namespaceLabels'),
    namespaceAnnotations: checkedIfGiven(
      annotationsSchema,
      args.namespaceAnnotations,
      'namespaceAnnotations',
    ),
    labels: checked(ownLabelsSchema, args.labels ?? {}, 'labels'),
    image: parseImage(args.image ?? {}),
    imagePullSecrets: checkedIfGiven(pullSecretsSchema, args.imagePullSecrets, 'imagePullSecrets') as
      pulumi.Input<string[]> | undefined,
    pools: parsePools(args.pools ?? []),
    advertisements: parseAdvertisements(args.advertisements ?? [{ name: 'default' }]),
    loadBalancerClass: checkedIfGiven(loadBalancerClassSchema, args.loadBalancerClass, 'loadBalancerClass'),
    logLevel: checked(logLevelSchema, args.logLevel ?? 'info', 'logLevel'),
    admissionPolicy: args.admissionPolicy ?? true,
    speaker: parseSpeaker(args.speaker ?? {}),
    controller: parseController(args.controller ?? {}),
    metrics: parseMetrics(args.metrics ?? {}),
    networkPolicy: args.networkPolicy && parseNetworkPolicy(args.networkPolicy),
  };
}

type ImageArgs = NonNullable<MetalLBLayer2Args['image']>;

function parseImage({ reference, build }: ImageArgs): ParsedArgs['image'] {
  if (build !== undefined) return { build: parseBuild(build) };
  return { reference: checked(imageNameSchema, reference ?? '', 'image.reference') };
}

function parseBuild(build: ImageBuild): ParsedBuild {
  const { username, password } = build;
  return {
    repository: checked(repositorySchema, build.repository, 'image.build.repository'),
    base: checked(imageNameSchema, build.base ?? DEFAULT_BASE, 'image.build.base'),
    platforms: checked(platformsSchema, build.platforms ?? [...PLATFORMS], 'image.build.platforms'),
    insecure: checked(flag, build.insecure ?? false, 'image.build.insecure'),
    credentials:
      username === undefined || password === undefined
        ? undefined
        : {
            username: checked(usernameSchema, username, 'image.build.username'),
            password: checked(passwordSchema, password, 'image.build.password'),
          },
  };
}

/**
 * What only shows between fields. The shape may be wrong as well, and then all of it belongs into one
 * error: what has not the shape to be compared is passed over here.
 */
function crossProblems(args: unknown): ArgsProblem[] {
  if (!isRecord(args) || isComputed(args)) return [];
  if (args['crds'] === 'patch') return patchProblems(args);
  return [
    ...missingProblems(args),
    ...(isRecord(args['image']) && !isComputed(args['image']) ? imageProblems(args['image']) : []),
    ...namespaceProblems(args),
    ...poolProblems(args),
  ];
}

/** What `crds: "patch"` would leave undone. */
function patchProblems(args: Record<string, unknown>): ArgsProblem[] {
  return Object.keys(argsSchema.shape).flatMap((path) => {
    if (args[path] === undefined || path === 'crds' || path === 'namespace') return [];
    const message =
      'crds: "patch" changes the definitions of an installation that is there and creates nothing; leave this out, or write crds: "install"';
    return [{ path, message }];
  });
}

function missingProblems({ image, pools }: Record<string, unknown>): ArgsProblem[] {
  return [
    ...(image === undefined
      ? [{ path: 'image', message: 'nothing given; write an object with "reference" or "build"' }]
      : []),
    ...(pools === undefined
      ? [{ path: 'pools', message: 'nothing given; write a list of pools, [] if they are kept elsewhere' }]
      : []),
  ];
}

function namespaceProblems(args: Record<string, unknown>): ArgsProblem[] {
  if (args['createNamespace'] !== false) return [];
  return ['namespaceLabels', 'namespaceAnnotations'].flatMap((path) =>
    args[path] === undefined
      ? []
      : [{ path, message: "the namespace is somebody else's with createNamespace: false; leave this out" }],
  );
}

function imageProblems({ reference, build }: Record<string, unknown>): ArgsProblem[] {
  if (reference !== undefined && build !== undefined) {
    return [{ path: 'image', message: 'both "reference" and "build" given; keep one of them' }];
  }
  if (reference === undefined && build === undefined) {
    const message = 'neither "reference" nor "build" given; name an image, or a repository to build one into';
    return [{ path: 'image', message }];
  }
  const { username, password } = record(build);
  if ((username === undefined) === (password === undefined)) return [];
  const missing = username === undefined ? 'username' : 'password';
  return [{ path: `image.build.${missing}`, message: 'nothing given; a user and a password go together' }];
}
