/** Which node announces which service: questions to MetalLB's `ServiceL2Status`. */
export {
  ServiceL2StatusClient,
  type QuestionOptions,
  type ServiceL2StatusClientOptions,
  type StatusFilter,
  type StatusList,
  type WaitOptions,
  type WithdrawalOptions,
} from './status-client.js';
export type { Finding, FindingCode, FoundObject, Severity } from './doctor/finding.js';
export type { Check, CheckName } from './explain/check.js';
export type { Explanation } from './explain/explain.js';
export type { ExplainReason } from './explain/reasons.js';
export type { Announcement, InvalidStatus, ServiceRef } from './status/announcement.js';
export { ServiceL2StatusError, type ServiceL2StatusErrorCode } from './status/errors.js';
export type { StatusCache } from './status/status-cache.js';
export type { ServiceL2StatusEvent } from './status/status-tracker.js';
export type { AnswerReason, Certainty, Unchecked, WhoAnnounces } from './status/who-announces.js';
export type { AnnouncementWish } from './status/wishes.js';
