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
import { Announcer } from './layer2/announcer.js';
import { PodReadiness } from './membership/pod-readiness.js';
import type { Health, LinkSource, Log, Meter, OpenLinkGroups, OpenLinkSocket } from './ports.js';
import { runTogether } from './run-together.js';

export interface SpeakerDeps {
  api: KubeApi;
  clock: Clock;
  random: Random;
  links: LinkSource;
  openSocket: OpenLinkSocket;
  openGroups: OpenLinkGroups;
  log: Log;
  meter: Meter;
  health: Health;
}

/** Runs the speaker until `signal` is aborted and its addresses are handed over. */
export async function runSpeaker(
  deps: SpeakerDeps,
  settings: SpeakerSettings,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, nodeName, pod } = settings;
  const cluster = new ClusterWatch(deps, namespace);
  const membership = new PodReadiness(deps, { namespace, nodeName });
  const announcer = new Announcer(deps);
  const events = new EventRecorder(deps, { component: 'metallb-speaker', instance: nodeName });
  const publisher = new StatusPublisher(
    { ...deps, report: (service, note) => loop.report(service, note) },
    { nodeName, namespace, pod },
  );
  const loop = new AnnouncementLoop({ ...deps, cluster, membership, announcer, publisher, events }, nodeName);

  const sayWhetherListening = () => {
    if (announcer.listening) deps.health.ready('interfaces');
    else deps.health.notReady('interfaces', 'no network interface answers');
  };
  sayWhetherListening();
  const unsubscribe = announcer.subscribe(sayWhetherListening);

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
    await announcer.handedOver(stop);
    answering.abort();
  };
  const answer = (task: (signal: AbortSignal) => Promise<void>) => (stop: AbortSignal) =>
    task(AbortSignal.any([answering.signal, stop]));
  await runTogether(
    new AbortController().signal, // ends by itself, once `decide` has
    answer((ended) => deps.links.run(ended)),
    answer((ended) => announcer.run(ended)),
    decide,
  ).finally(unsubscribe);
}
