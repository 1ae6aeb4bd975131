/** Pools and advertisements as a user writes them, in the component or as resources of their own. */
import type * as pulumi from '@pulumi/pulumi';

/** What a pool offers, whatever its name. */
export interface PoolSettings {
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
  /**
   * Which services may use the pool.
   *
   * @default every service
   */
  serviceAllocation?: ServiceAllocation;
  /**
   * Whether the object exists already and is taken over by this stack, its content changed in place where
   * it differs. It must exist when it is taken over; afterwards the field may stay or go.
   *
   * @default false
   */
  adopt?: boolean;
}

/** An `IPAddressPool` of the component. */
export interface Pool extends PoolSettings {
  /** Name of the pool, unique among the pools. */
  name: string;
}

/** Arguments of `AddressPool`. */
export interface AddressPoolArgs extends PoolSettings {
  /**
   * Name of the pool.
   *
   * @default the name of the resource
   */
  name?: pulumi.Input<string>;
  /**
   * Namespace of the installation that serves the pool.
   *
   * @default "metallb-system"
   */
  namespace?: pulumi.Input<string>;
}

/** Ties a pool to services. Every field that is given must match; of a list, one entry is enough. */
export interface ServiceAllocation {
  /**
   * Order among the pools a service may use: 1 is first, 0 is last.
   *
   * @default 0
   */
  priority?: pulumi.Input<number>;
  /**
   * Namespaces of the services.
   *
   * @default every namespace
   */
  namespaces?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Namespaces of the services, by their labels.
   *
   * @default every namespace
   */
  namespaceSelectors?: pulumi.Input<pulumi.Input<LabelSelector>[]>;
  /**
   * The services, by their labels.
   *
   * @default every service
   */
  serviceSelectors?: pulumi.Input<pulumi.Input<LabelSelector>[]>;
}

/** What is announced and from where, whatever the name. */
export interface AdvertisementSettings {
  /**
   * Pools, by name. In the component, a name that is not computed must be one of its pools.
   *
   * @default every pool of the namespace, unless `poolSelectors` are given
   */
  pools?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Pools, by their labels; beside those of `pools`.
   *
   * @default none
   */
  poolSelectors?: pulumi.Input<pulumi.Input<LabelSelector>[]>;
  /**
   * Interfaces to answer on, by name.
   *
   * @default every interface
   */
  interfaces?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Nodes that may announce; one matching selector is enough.
   *
   * @default every node
   */
  nodeSelectors?: pulumi.Input<pulumi.Input<LabelSelector>[]>;
  /**
   * Nodes that are to be elected before others, the heavier sum first.
   *
   * @default none
   */
  preferredNodes?: pulumi.Input<pulumi.Input<PreferredNode>[]>;
  /**
   * Services that are announced; one matching selector is enough.
   *
   * @default every service
   */
  serviceSelectors?: pulumi.Input<pulumi.Input<LabelSelector>[]>;
  /**
   * Whether the object exists already and is taken over by this stack, its content changed in place where
   * it differs. It must exist when it is taken over; afterwards the field may stay or go.
   *
   * @default false
   */
  adopt?: boolean;
}

/** An `L2Advertisement` of the component. */
export interface Advertisement extends AdvertisementSettings {
  /** Name of the advertisement, unique among the advertisements. */
  name: string;
}

/** Arguments of `L2Advertisement`. */
export interface L2AdvertisementArgs extends AdvertisementSettings {
  /**
   * Name of the advertisement.
   *
   * @default the name of the resource
   */
  name?: pulumi.Input<string>;
  /**
   * Namespace of the installation that announces.
   *
   * @default "metallb-system"
   */
  namespace?: pulumi.Input<string>;
}

/** A wish, not a condition. */
export interface PreferredNode {
  /** 1 to 100; the weights of all wishes a node fulfils add up. */
  weight: pulumi.Input<number>;
  /** The nodes that are meant. */
  preference: pulumi.Input<LabelSelector>;
}

/** All parts must match; one without parts matches everything. */
export interface LabelSelector {
  /**
   * Labels with exactly these values.
   *
   * @default none
   */
  matchLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Requirements on labels.
   *
   * @default none
   */
  matchExpressions?: pulumi.Input<pulumi.Input<LabelRequirement>[]>;
}

/** One requirement on a label. */
export interface LabelRequirement {
  /** Name of the label. */
  key: pulumi.Input<string>;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. */
  operator: pulumi.Input<string>;
  /**
   * Values for `In` and `NotIn`; the other two take none.
   *
   * @default none
   */
  values?: pulumi.Input<pulumi.Input<string>[]>;
}
