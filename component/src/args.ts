/**
 * What a user writes. No unions of shapes: alternatives are optional fields, so that the same component
 * serves programs in every language Pulumi speaks.
 */
import type { LabelSelector } from '@metallb-l2/sdk/models';
import type * as pulumi from '@pulumi/pulumi';

/** Arguments of `MetalLBLayer2`. */
export interface MetalLBLayer2Args {
  /**
   * Namespace everything is installed into, and where `ServiceL2Status` objects are found.
   *
   * @default "metallb-system"
   */
  namespace?: pulumi.Input<string>;
  /**
   * Whether the component makes the namespace, with the pod-security labels the speaker needs. With
   * false it must exist, and admit privileged pods.
   *
   * @default true
   */
  createNamespace?: boolean;
  /** The image of the speaker and the controller. */
  image: Image;
  /** Addresses for services of type LoadBalancer. May be empty when pools are kept elsewhere. */
  pools: Pool[];
  /**
   * Which pools are announced, and from where.
   *
   * @default one that announces every pool from every node
   */
  advertisements?: Advertisement[];
  /**
   * Least severe log lines shown: `debug`, `info`, `warn` or `error`.
   *
   * @default "info"
   */
  logLevel?: pulumi.Input<string>;
  /**
   * Whether the API server holds each speaker to its own node: a `ServiceL2Status` that names another is
   * refused, whoever has got hold of the speaker. Needs Kubernetes 1.30.
   *
   * @default true
   */
  admissionPolicy?: boolean;
}

/** Where the image comes from: exactly one of the two. */
export interface Image {
  /** An image that exists, best by digest: `registry.example.com/metallb-l2@sha256:…`. */
  reference?: pulumi.Input<string>;
  /** Builds the image from the installed `@metallb-l2/speaker` package, without Docker, and pushes it. */
  build?: ImageBuild;
}

/** How the image is built, and where it goes. */
export interface ImageBuild {
  /** Where the image is pushed, without a tag: `registry.example.com:5000/metallb-l2`. */
  repository: pulumi.Input<string>;
  /**
   * The image it is built on, with Node 22 or later. A tag is read when the image is first built; name a
   * digest to decide yourself when the base changes.
   *
   * @default "gcr.io/distroless/nodejs24-debian13": no shell, no package manager, libraries and Node only
   */
  base?: pulumi.Input<string>;
  /**
   * `linux/amd64` or `linux/arm64`: what the nodes are.
   *
   * @default that of the machine that runs Pulumi
   */
  platform?: pulumi.Input<string>;
  /**
   * Whether the registry speaks plain HTTP.
   *
   * @default false
   */
  insecure?: pulumi.Input<boolean>;
  /**
   * User of the registry.
   *
   * @default the log-in in Docker's `config.json`, if there is one
   */
  username?: pulumi.Input<string>;
  /** Password or token of `username`. It is used while pushing, and ends up in no resource. */
  password?: pulumi.Input<string>;
}

/** An `IPAddressPool`. */
export interface Pool {
  /** Name of the pool, unique among the pools. */
  name: string;
  /** CIDRs (`192.168.10.0/24`) and ranges (`192.168.10.5-192.168.10.9`); at least one. */
  addresses: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Whether services that do not ask for this pool may get an address of it.
   *
   * @default true
   */
  autoAssign?: pulumi.Input<boolean>;
  /**
   * Leaves out IPv4 addresses that end in .0 and .255, which some old clients refuse.
   *
   * @default false
   */
  avoidBuggyIPs?: pulumi.Input<boolean>;
}

/** An `L2Advertisement`. */
export interface Advertisement {
  /** Name of the advertisement, unique among the advertisements. */
  name: string;
  /**
   * Pools of this component, by name.
   *
   * @default every pool of the namespace
   */
  pools?: string[];
  /**
   * Interfaces to answer on.
   *
   * @default every interface
   */
  interfaces?: string[];
  /**
   * Nodes that may announce; one matching selector is enough.
   *
   * @default every node
   */
  nodeSelectors?: LabelSelector[];
}
