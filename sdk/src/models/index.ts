export {
  AddressError,
  formatAddress,
  parseAddress,
  parseAddressRange,
  rangeContains,
  rangesOverlap,
  type Address,
  type AddressFamily,
  type AddressRange,
} from './address.js';
export {
  CONFIGURATION_STATES,
  configurationStateSchema,
  type ConfigurationResult,
  type ConfigurationState,
  type ConfigurationStateStatus,
} from './configuration-state.js';
export {
  IP_ADDRESS_POOLS,
  ipAddressPoolSchema,
  type IPAddressPool,
  type IPAddressPoolSpec,
  type IPAddressPoolStatus,
  type ServiceAllocation,
} from './ip-address-pool.js';
export {
  L2_ADVERTISEMENTS,
  l2AdvertisementSchema,
  type L2Advertisement,
  type L2AdvertisementSpec,
  type PreferredNodeSelector,
} from './l2-advertisement.js';
export {
  checkSelector,
  matchesSelector,
  selectorOf,
  SelectorError,
  type LabelSelector,
  type LabelSelectorRequirement,
} from './label-selector.js';
export { METALLB_API_VERSION } from './object-meta.js';
export {
  SERVICE_L2_STATUSES,
  serviceL2StatusSchema,
  type ServiceL2Status,
  type ServiceL2StatusStatus,
} from './service-l2-status.js';
