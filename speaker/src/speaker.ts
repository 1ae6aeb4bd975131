/**
 * The speaker: on one and only one node at a time, answers ARP and neighbour discovery for each service's
 * addresses, and publishes which node that is.
 *
 * 1. Read the cluster and who is alive; until both are known, nothing is elected and nothing answered.
 * 2. Elect, as every other speaker does from the same data; answer for what this node has won.
 * 3. Publish what is really answered.
 *
 * When the API server is away, everything goes on as it was last known. On shutdown the decisions and the
 * writes stop at once, while addresses are answered until their next owner claims them or a second has
 * passed; status objects are left for the next owner to adopt.
 */
import type { Clock, KubeApi, Random } from '@metallb-l2/sdk/kube';
import type { SpeakerSettings } from '@metallb-l2/sdk/settings';
import { AnnouncementLoop } from './announcement-loop.js';
import { EventRecorder } from './cluster/events.js';
import { ClusterWatch } from './cluster/snapshot.js';
import { StatusPublisher } from './cluster/status-publisher.js';
import type { Lan } from './lan/lan.js';
import { PeeredMembership } from './lan/peered-membership.js';
import type { Membership } from './membership/membership.js';
import { PodReadiness } from './membership/pod-readiness.js';
import { SpeakerPeers } from './membership/speaker-peers.js';
import type { Health, Log, MainMeter } from './ports.js';
import { runTogether } from './run-together.js';

export interface SpeakerDeps {
  api: KubeApi;
  clock: Clock;
  random: Random;
  lan: Lan;
  log: Log;
  meter: MainMeter;
  health: Health;
}

/** Who the speaker is, and where its objects live. */
export type SpeakerIdentity = Pick<
  SpeakerSettings,
  'namespace' | 'nodeName' | 'pod' | 'memberlist' | 'loadBalancerClass'
>;

/** Runs the speaker until `signal` is aborted and its addresses are handed over. */
export async function runSpeaker(
  deps: SpeakerDeps,
  { namespace, nodeName, pod, memberlist, loadBalancerClass }: SpeakerIdentity,
  signal: AbortSignal,
): Promise<void> {
  const { lan, health } = deps;
  const cluster = new ClusterWatch(deps, { namespace, loadBalancerClass });
  const gossip = memberlist && lan.gossip;
  const membership: Membership = gossip
    ? new PeeredMembership(gossip, new SpeakerPeers(deps, { namespace, ...memberlist }))
    : new PodReadiness(deps, { namespace, nodeName });
  const events = new EventRecorder(deps, { component: 'metallb-speaker', instance: nodeName });
  const publisher = new StatusPublisher(
    { ...deps, report: (service, note) => loop.report(service, note) },
    { nodeName, namespace, pod },
  );
  const loop = new AnnouncementLoop({ ...deps, cluster, membership, publisher, events }, nodeName);

  const sayWhetherListening = () => {
    if (lan.listening) health.ready('interfaces');
    else health.notReady('interfaces', 'no network interface answers');
  };
  const sayWhetherTakingPart = () => {
    if (gossip === undefined || gossip.members().has(nodeName)) health.ready('gossip');
    else health.notReady('gossip', 'this node takes no part in the gossip of the speakers');
  };
  sayWhetherListening();
  sayWhetherTakingPart();
  const unsubscribes = [lan.subscribe(sayWhetherListening), gossip?.subscribe(sayWhetherTakingPart)];

  const answering = new AbortController();
  const decide = async (stop: AbortSignal) => {
    await runTogether(
      AbortSignal.any([signal, stop]),
      (ended) => cluster.run(ended),
      (ended) => membership.run(ended),
      (ended) => publisher.run(ended),
      (ended) => events.run(ended),
      (ended) => loop.run(ended),
    );
    // Both at once: who hears of the first takes over, and the second ends with that.
    await Promise.all([lan.gossip?.leave(stop), lan.handedOver(stop)]);
    answering.abort();
  };
  await runTogether(
    new AbortController().signal, // ends by itself, once `decide` has
    (stop) => lan.run(AbortSignal.any([answering.signal, stop])),
    decide,
  ).finally(() => unsubscribes.forEach((unsubscribe) => unsubscribe?.()));
}
