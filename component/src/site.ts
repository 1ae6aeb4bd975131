/** Where the objects of an installation go, and what all of them carry. */
import type * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { objectName } from './args/kubernetes-schema.js';
import type { Texts } from './args/parse-args.js';

export interface Site {
  /** Prefix of the names of all resources in the stack. */
  name: string;
  namespace: pulumi.Input<string>;
  /** The user's, for every object. */
  labels: pulumi.Input<Texts>;
}

type Metadata = k8s.types.input.meta.v1.ObjectMeta;

/**
 * Whose an object is that is in no namespace. A second installation has the same objects with another value: one that
 * is told to take over what exists is refused by the API server, instead of owning, and in the end deleting, the first
 * one's rights.
 */
const INSTALLATION = 'metallb-l2/namespace';

/** Metadata of an object in the namespace; without a `name` Pulumi makes one, see {@link namePrefixOf}. */
export function metadataOf({ namespace, labels }: Site, name: string | undefined, own: Texts = {}): Metadata {
  return { ...(name !== undefined && { name }), namespace, labels: labelled(labels, own) };
}

/** Metadata of an object that is in no namespace. */
export function clusterMetadataOf({ namespace, labels }: Site, name: string): Metadata {
  return { name, annotations: { [INSTALLATION]: namespace }, labels: labelled(labels, {}) };
}

/**
 * What to call a resource whose object Pulumi names after it: a program may have called the component `LAN platform`,
 * Kubernetes calls nothing so.
 */
export function namePrefixOf({ name }: Site, what: string): string {
  const whole = `${name}-${what}`;
  if (objectName.safeParse(whole).success) return whole;
  return whole
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '');
}

/**
 * The user's labels and those that tell objects apart, which win. None at all are left out: an empty map does
 * not come back from the API server, and a refresh would show it as a change.
 */
export function labelled(labels: pulumi.Input<Texts>, own: Texts): pulumi.Output<Texts> {
  return pulumi.output(labels).apply((known) => {
    const all = { ...known, ...own };
    return Object.keys(all).length === 0 ? undefined : all;
  }) as pulumi.Output<Texts>;
}
