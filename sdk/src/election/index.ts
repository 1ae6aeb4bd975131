export { electOwner, orderCandidates, type Preferences } from './election.js';
export { electOwners, type Contender } from './shared-address.js';
export {
  advertises,
  excludeNode,
  findPool,
  interfacesFor,
  judgeService,
  nodesServing,
  readAddresses,
  sumPreferences,
  type Eligibility,
  type EligibilityInput,
} from './eligibility.js';
export {
  resolveLayer2Config,
  type AdvertisementView,
  type ConfigProblem,
  type Layer2Config,
  type PoolView,
} from './layer2-config.js';
export { nodeLabelValue } from './node-label.js';
export type {
  AllocationRefusal,
  ControllerEventReason,
  NodeRefusal,
  OrphanReason,
  ServiceRefusal,
  SpeakerEventReason,
} from './reasons.js';
export { isReadyPod, podsOf, readSpeakerFlags, readyNodes } from './speaker-pods.js';
