/** Whether the elected node can answer; the API knows that only from what its speaker has said. */
import { type AdvertisementView, interfacesFor } from '../election/index.js';
import { enumerate } from '../text.js';
import { type Check, failed } from './check.js';
import type { ExplainFacts } from './facts.js';
import { eventsOf } from './service-events.js';

/** A check only when the speaker of `node` has said, after anything else, that it cannot answer. */
export function interfacesCheck(
  facts: ExplainFacts,
  node: string,
  advertisements: readonly AdvertisementView[],
): Check | undefined {
  const { statuses } = facts;
  // A status is written only when the node answers; the event is older then.
  if (statuses.ok && statuses.items.some(({ status }) => status?.node === node)) return undefined;
  const [latest] = eventsOf(facts, 'metallb-speaker', ['nodeAssigned', 'announceFailed']).filter(
    ({ message, source }) => source?.host === node || (message ?? '').includes(`"${node}"`),
  );
  if (latest?.reason !== 'announceFailed') return undefined;
  const interfaces = interfacesFor(node, advertisements);
  if (interfaces === 'all') {
    return failed(
      'interfaces',
      'notAnswering',
      `The speaker of ${node} says that none of its interfaces answers for the address.`,
      `See whether an interface of ${node} is up and takes part in ARP.`,
    );
  }
  const names = enumerate(advertisements.filter(({ nodes }) => nodes.has(node)).map(({ name }) => name));
  return failed(
    'interfaces',
    'notAnswering',
    `L2Advertisement ${names} limits it to ${interfaces.length === 1 ? 'interface' : 'interfaces'} ${enumerate(interfaces)}, and the speaker of ${node} says that it cannot answer there.`,
    `Name interfaces that ${node} has, or select only nodes that have these.`,
  );
}
