/** Whether MetalLB is there, which one, and whether its parts run. */
import {
  customResourceDefinitions,
  definitionName,
  isNodeImmutable,
} from '../crds/custom-resource-definitions.js';
import { isReadyPod, podsOf } from '../election/index.js';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  NODES,
  type Pod,
  PODS,
  type StructuralSchema,
} from '../kube/core-types.js';
import { CONFIGURATION_STATES } from '../models/configuration-state.js';
import { METALLB_VERSION } from '../models/object-meta.js';
import { count, enumerate } from '../text.js';
import type { DoctorFacts } from './facts.js';
import { type Finding, foundObject } from './finding.js';

export function installationFindings(facts: DoctorFacts): Finding[] {
  return [
    ...definitionFindings(facts),
    ...versionFindings(facts),
    ...speakerFindings(facts),
    ...controllerFindings(facts),
    ...permissionFindings(facts),
  ];
}

const MEND_CRDS = 'Install the resource definitions of metallb-l2; they accept every object of upstream.';

function definitionFindings({ definitions, pods }: DoctorFacts): Finding[] {
  if (!definitions.ok) return [];
  const ours = pods.ok && podsOf('speaker', pods.items).some(isOurs);
  return customResourceDefinitions().flatMap((expected): Finding[] => {
    const { name = '' } = expected.metadata;
    const objects = [foundObject(CUSTOM_RESOURCE_DEFINITIONS, expected)];
    const actual = definitions.items.find(({ metadata }) => metadata.name === name);
    if (actual === undefined) {
      const message = `The cluster has no resource definition ${name}.`;
      // Releases before v0.15.3 work without.
      const severity = name === definitionName(CONFIGURATION_STATES) ? 'info' : 'error';
      return [{ code: 'crdMissing', severity, message, objects, remedy: MEND_CRDS }];
    }
    const findings: Finding[] = [];
    if (isNodeImmutable(actual)) {
      findings.push({
        code: 'crdNodeImmutable',
        // Our speakers get around it with a third write; upstream's log "Value is immutable" without end.
        severity: ours ? 'warning' : 'error',
        message: `In ${name} status.node cannot change, so the status of a service that moves cannot follow it.`,
        objects,
        remedy: MEND_CRDS,
      });
    }
    const missing = missingFields(schemaOf(expected), schemaOf(actual));
    if (missing.length > 0) {
      findings.push({
        code: 'crdStale',
        severity: ours ? 'warning' : 'info',
        message: `${name} does not know ${enumerate(missing)}, so the API server drops what is written there.`,
        objects,
        remedy: MEND_CRDS,
      });
    }
    return findings;
  });
}

function schemaOf({ spec }: CustomResourceDefinition): StructuralSchema {
  const version = spec.versions.find(({ name, served }) => served && name === METALLB_VERSION);
  return version?.schema.openAPIV3Schema ?? {};
}

/** Paths of the fields that `actual` lacks, the outermost only. */
function missingFields(expected: StructuralSchema, actual: StructuralSchema, path = ''): string[] {
  if (expected.items) return missingFields(expected.items, actual.items ?? {}, `${path}[]`);
  return Object.entries(expected.properties ?? {}).flatMap(([name, field]) => {
    const found = actual.properties?.[name];
    const where = path === '' ? name : `${path}.${name}`;
    return found === undefined ? [where] : missingFields(field, found, where);
  });
}

function versionFindings({ pods }: DoctorFacts): Finding[] {
  if (!pods.ok) return [];
  const speakers = podsOf('speaker', pods.items);
  const versions = Map.groupBy(speakers, describeVersion);
  if (versions.size === 0) return [];
  const objects = speakers.map((pod) => foundObject(PODS, pod));
  const installed: Finding = {
    code: 'installed',
    severity: 'info',
    message: `The speakers are those of ${enumerate(versions.keys())}.`,
    objects,
  };
  if (versions.size === 1) return [installed];
  const parts = [...versions].map(([version, group]) => `${count(group.length, 'speaker')} of ${version}`);
  return [
    installed,
    {
      code: 'mixedVersions',
      severity: 'warning',
      message: `There are ${enumerate(parts)}: they elect alike, but publish differently.`,
      objects,
      remedy: 'Finish the update or the move.',
    },
  ];
}

/** The image says whose it is: upstream's is `metallb/speaker`; ours gets its role as the first argument. */
function describeVersion(pod: Pod): string {
  const image = containerOf(pod)?.image ?? 'an unknown image';
  if (isOurs(pod)) return `metallb-l2 (${image})`;
  const [, tag] = /(?:^|\/)metallb\/speaker:([^@]+)/.exec(image) ?? [];
  return tag === undefined ? `MetalLB (${image})` : `MetalLB ${tag}`;
}

function isOurs(pod: Pod): boolean {
  return containerOf(pod)?.args?.[0] === 'speaker';
}

function containerOf({ spec }: Pod) {
  return spec?.containers?.find(({ name }) => name === 'speaker');
}

function speakerFindings({ pods, nodes, namespace }: DoctorFacts): Finding[] {
  if (!pods.ok) return [];
  const speakers = podsOf('speaker', pods.items);
  if (speakers.length === 0) {
    return [
      {
        code: 'speakersMissing',
        severity: 'error',
        message: `There is no speaker pod in namespace ${namespace}, so nothing is announced.`,
        objects: [],
        remedy: 'Install MetalLB; if it is there, in another namespace, name that one.',
      },
    ];
  }
  const findings: Finding[] = [];
  const notReady = speakers.filter((pod) => !isReadyPod(pod));
  if (notReady.length > 0) {
    const names = notReady.map(
      ({ metadata, spec }) => `${metadata.name ?? ''} on ${spec?.nodeName ?? 'no node'}`,
    );
    findings.push({
      code: 'speakerNotReady',
      severity: 'error',
      message: `${count(notReady.length, 'speaker')} of ${String(speakers.length)} not ready: ${enumerate(names)}.`,
      objects: notReady.map((pod) => foundObject(PODS, pod)),
      remedy: `See why: kubectl -n ${namespace} describe pod ${notReady[0]?.metadata.name ?? ''}`,
    });
  }
  const manned = new Set(speakers.map(({ spec }) => spec?.nodeName));
  const bare = (nodes.ok ? nodes.items : []).filter(({ metadata }) => !manned.has(metadata.name));
  if (bare.length > 0) {
    findings.push({
      code: 'nodeWithoutSpeaker',
      severity: 'info',
      message: `No speaker runs on ${enumerate(bare.map(({ metadata }) => metadata.name ?? ''))}, so nothing is announced from there.`,
      objects: bare.map((node) => foundObject(NODES, node)),
      remedy: 'If that is not meant to be, look at the node selector and tolerations of the DaemonSet.',
    });
  }
  return findings;
}

function controllerFindings({ pods, namespace }: DoctorFacts): Finding[] {
  if (!pods.ok) return [];
  const controllers = podsOf('controller', pods.items);
  if (controllers.some(isReadyPod)) return [];
  if (controllers.length === 0) {
    return [
      {
        code: 'controllerMissing',
        severity: 'error',
        message: `There is no controller pod in namespace ${namespace}, so no service gets an address.`,
        objects: [],
        remedy: 'Install MetalLB; if it is there, in another namespace, name that one.',
      },
    ];
  }
  return [
    {
      code: 'controllerNotReady',
      severity: 'error',
      message: `The controller ${enumerate(controllers.map(({ metadata }) => metadata.name ?? ''))} is not ready, so no service gets an address.`,
      objects: controllers.map((pod) => foundObject(PODS, pod)),
      remedy: `See why: kubectl -n ${namespace} describe pod ${controllers[0]?.metadata.name ?? ''}`,
    },
  ];
}

function permissionFindings({ refused }: DoctorFacts): Finding[] {
  return refused.map((permission) => ({
    code: 'missingPermission',
    severity: 'warning',
    message: `Not looked at: the permission to ${permission} is missing.`,
    objects: [],
    remedy: `Grant the permission to ${permission}.`,
  }));
}
