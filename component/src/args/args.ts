/**
 * What a user writes. No unions of shapes: alternatives are optional fields, so that the same component
 * serves programs in every language Pulumi speaks.
 */
import type * as pulumi from '@pulumi/pulumi';
import type { Metrics, NetworkPolicy } from './operations.js';
import type { Advertisement, Pool } from './pools.js';
import type { Controller, Speaker } from './workloads.js';

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
  /**
   * More labels of the namespace, beside those of pod security.
   *
   * @default none
   */
  namespaceLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Annotations of the namespace.
   *
   * @default none
   */
  namespaceAnnotations?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Labels of every object the component makes, pods included; the resource definitions, which other
   * installations share, are left out.
   *
   * @default none
   */
  labels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * What is done about the custom resource definitions: `install` creates those that are missing and
   * adopts those that exist, `skip` leaves them to somebody else, and `patch` does nothing but let
   * `status.node` of `ServiceL2Status` change, for an installation of upstream that stays: nothing else
   * is created, and no other argument but `namespace` may be given.
   *
   * @default "install"
   */
  crds?: string;
  /** The image of the speaker and the controller. Needed unless `crds` is `patch`. */
  image?: Image;
  /**
   * Names of the secrets, in the same namespace, that the nodes pull the image with.
   *
   * @default none
   */
  imagePullSecrets?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Addresses for services of type LoadBalancer. May be empty when pools are kept elsewhere. Needed
   * unless `crds` is `patch`.
   */
  pools?: Pool[];
  /**
   * Which pools are announced, and from where.
   *
   * @default one that announces every pool from every node
   */
  advertisements?: Advertisement[];
  /**
   * The only `spec.loadBalancerClass` of services that is served: `example.com/l2`. Only services made
   * with that class get an address then, and it cannot be changed once they are.
   *
   * @default services without a class, and no others
   */
  loadBalancerClass?: pulumi.Input<string>;
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
  /** The speakers, one on each node. */
  speaker?: Speaker;
  /** The controller, which hands out addresses. */
  controller?: Controller;
  /**
   * What Prometheus and Grafana are given.
   *
   * @default nothing
   */
  metrics?: Metrics;
  /**
   * A NetworkPolicy for the controller: it is reached on its port 7472 (metrics, probes) and reaches the API
   * server, and nothing else. The speakers use the network of their nodes, which no NetworkPolicy covers.
   * `{}` takes the defaults.
   *
   * @default none
   */
  networkPolicy?: NetworkPolicy;
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
   * What the nodes are: `linux/amd64`, `linux/arm64` or both. The base must be there for each of them.
   *
   * @default both, under one name
   */
  platforms?: pulumi.Input<pulumi.Input<string>[]>;
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
