/** A Pulumi component that installs MetalLB's layer-2 mode. */
export { MetalLBLayer2 } from './metallb-layer2.js';
export { AddressPool } from './address-pool.js';
export { L2Advertisement } from './l2-advertisement.js';
export { ArgsError, type ArgsProblem } from './args/error.js';
export type { Image, ImageBuild, MetalLBLayer2Args } from './args/args.js';
export type { Metrics, NetworkPolicy } from './args/operations.js';
export type {
  AddressPoolArgs,
  Advertisement,
  AdvertisementSettings,
  L2AdvertisementArgs,
  LabelRequirement,
  LabelSelector,
  Pool,
  PoolSettings,
  PreferredNode,
  ServiceAllocation,
} from './args/pools.js';
export type { Controller, PodPlacement, Resources, Speaker, Toleration } from './args/workloads.js';
export type { ServiceAnnouncement, ServiceReference } from './announcers.js';
export {
  type GetServiceL2StatusArgs,
  type GetServiceL2StatusOutputArgs,
  type GetServiceL2StatusResult,
  getServiceL2Status,
  getServiceL2StatusOutput,
} from './service-l2-status.js';
