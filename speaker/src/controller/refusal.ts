/**
 * Why a service gets no address: one closed list for events, logs and metrics. Messages are upstream's,
 * word for word (Go's `%q` included), so that what people search for and alert on keeps working.
 */
import type { AllocationRefusal } from '@metallb-l2/sdk/election';
import { type Address, formatAddress } from '@metallb-l2/sdk/models';

export interface Refusal {
  readonly reason: AllocationRefusal;
  /** For people, in upstream's words. */
  readonly message: string;
}

export function refusal(reason: AllocationRefusal, message: string): Refusal {
  return { reason, message };
}

/** Addresses as Go's `%q` prints a list of them: `["10.0.0.1" "10.0.0.2"]`. */
export function quoteAddresses(addresses: readonly Address[]): string {
  return `[${addresses.map(({ family, value }) => JSON.stringify(formatAddress(family, value))).join(' ')}]`;
}
