/** Which pods are MetalLB's programs, ours or upstream's, and which nodes have a live speaker. */
import type { Pod } from '../kube/core-types.js';
import { ENV } from '../settings/settings.js';

/** A program of MetalLB, as its pods are labelled. */
export type Program = 'speaker' | 'controller';

/** Pods of `program`: by our labels and upstream's manifests', or by those of upstream's Helm chart. */
export function podsOf(program: Program, pods: readonly Pod[]): Pod[] {
  return pods.filter(
    ({ metadata: { labels = {} }, status }) =>
      (labels['component'] === program || labels['app.kubernetes.io/component'] === program) &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed',
  );
}

/** Whether its probes say so and it is not about to end. */
export function isReadyPod({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')
  );
}

/** Names of the nodes on which one of `pods` is ready. */
export function readyNodes(pods: readonly Pod[]): Set<string> {
  return new Set(
    pods
      .filter(isReadyPod)
      .map(({ spec }) => spec?.nodeName)
      .filter((name) => name !== undefined),
  );
}

/** Flags of upstream's programs, or variables of ours, that decide which services and nodes they look at. */
export interface SpeakerFlags {
  /** `--lb-class` or `METALLB_LB_CLASS`: the only class they serve; without it, services that have none. */
  readonly loadBalancerClass: string | undefined;
  /** `--ignore-exclude-lb`: nodes labelled to be excluded announce all the same. */
  readonly ignoresExclusion: boolean;
}

/** The flags the speakers run with. */
export function readSpeakerFlags(pods: readonly Pod[]): SpeakerFlags {
  const containers = podsOf('speaker', pods).flatMap(({ spec }) => spec?.containers ?? []);
  const lines = containers.map(({ args = [] }) => args.join(' '));
  const classes = [
    // Go takes the value of a flag as part of it and as the argument after it.
    ...lines.map((line) => /(?:^| )--?lb-class[= ]([^ ]+)/.exec(line)?.[1]),
    ...containers.flatMap(({ env = [] }) =>
      env.filter(({ name }) => name === ENV.loadBalancerClass).map(({ value }) => value),
    ),
  ];
  return {
    loadBalancerClass: classes.find((value) => value !== undefined && value !== ''),
    ignoresExclusion: lines.some((line) => /(?:^| )--?ignore-exclude-lb(=true)?(?: |$)/.test(line)),
  };
}
