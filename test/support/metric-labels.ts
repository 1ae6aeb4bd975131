/** Labels whose values are from a closed list, by metric; the types are those the programs count with. */
import type { AllocationRefusal, OrphanReason } from '@metallb-l2/sdk/election';
import type { KubeErrorCode } from '@metallb-l2/sdk/kube';
import type { StatusOutcome } from '../../speaker/src/cluster/status-outcome.js';
import type { StatusWrite } from '../../speaker/src/cluster/status-writer.js';
import type { SessionEnd } from '../../speaker/src/lan/lan-session.js';
import type { DropReason as FrameDropReason } from '../../speaker/src/layer2/drop-reason.js';
import type { DropReason as PacketDropReason } from '../../speaker/src/membership/metrics.js';
import type { Silence } from '../../speaker/src/silences.js';
import type { ElectionResult } from '../../speaker/src/takeovers.js';
import type { MemberState } from '../../speaker/src/wire/memberlist/messages.js';

export interface ClosedLabels {
  metallb_layer2_frames_dropped: { reason: FrameDropReason };
  metallb_speaker_elections: { result: ElectionResult };
  metallb_speaker_lan_thread_restarts: { reason: Exclude<SessionEnd, 'stopped'> };
  metallb_speaker_memberlist_members: { state: MemberState };
  metallb_speaker_memberlist_packets_dropped: { reason: PacketDropReason };
  // Of services that are there and of type LoadBalancer.
  metallb_speaker_services_not_announced: { reason: Exclude<Silence, 'notLoadBalancer' | 'serviceGone'> };
  metallb_status_outcomes: { outcome: StatusOutcome };
  metallb_status_write_errors: { code: KubeErrorCode };
  metallb_status_writes: { operation: StatusWrite };
  metallb_l2_orphaned_statuses_removed_total: { reason: OrphanReason };
  metallb_l2_services_refused: { reason: AllocationRefusal };
}
