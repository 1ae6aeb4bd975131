/**
 * The CRDs of layer 2, made from the models. They accept what upstream v0.16.1's accept; what differs:
 * `ServiceL2Status` may change its `status.node` and has `status.addresses` and `status.announcedSince`, and
 * pools and advertisements that upstream's webhook refuses, as far as one object shows it, are refused by the
 * API server itself.
 */
import type * as z from 'zod';
import type { CustomResourceDefinition, PrinterColumn } from '../kube/core-types.js';
import type { ResourceType } from '../kube/kube-api.js';
import { CONFIGURATION_STATES, configurationStateSchema } from '../models/configuration-state.js';
import { IP_ADDRESS_POOLS, ipAddressPoolSchema } from '../models/ip-address-pool.js';
import { L2_ADVERTISEMENTS, l2AdvertisementSchema } from '../models/l2-advertisement.js';
import { SERVICE_L2_STATUSES, serviceL2StatusSchema } from '../models/service-l2-status.js';
import { structuralSchemaOf } from './structural-schema.js';

/** The CRDs of layer 2, ready to be applied. They need Kubernetes 1.31. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return [
    define(IP_ADDRESS_POOLS, ipAddressPoolSchema, [
      column('Auto Assign', '.spec.autoAssign', 'boolean'),
      column('Avoid Buggy IPs', '.spec.avoidBuggyIPs', 'boolean'),
      column('Addresses', '.spec.addresses'),
    ]),
    define(L2_ADVERTISEMENTS, l2AdvertisementSchema, [
      column('IPAddressPools', '.spec.ipAddressPools'),
      column('IPAddressPool Selectors', '.spec.ipAddressPoolSelectors'),
      column('Interfaces', '.spec.interfaces'),
      { ...column('Node Selectors', '.spec.nodeSelectors'), priority: 10 },
    ]),
    define(SERVICE_L2_STATUSES, serviceL2StatusSchema, [
      column('Allocated Node', '.status.node'),
      column('Service Name', '.status.serviceName'),
      column('Service Namespace', '.status.serviceNamespace'),
      column('Addresses', '.status.addresses'),
      column('Announced', '.status.announcedSince', 'date'),
    ]),
    define(CONFIGURATION_STATES, configurationStateSchema, [
      column('Result', '.status.result'),
      column('ErrorSummary', '.status.errorSummary'),
      column('Age', '.metadata.creationTimestamp', 'date'),
    ]),
  ];
}

/** The name of the CRD of a custom resource. */
export function definitionName({ plural, group }: ResourceType): string {
  return `${plural}.${group}`;
}

/** Whether the CRD of ServiceL2Status, as upstream's does, refuses that `status.node` changes. */
export function isNodeImmutable(definition: CustomResourceDefinition): boolean {
  return definition.spec.versions.some(({ schema }) =>
    schema.openAPIV3Schema.properties?.['status']?.properties?.['node']?.['x-kubernetes-validations']?.some(
      ({ rule }) => /\boldSelf\b/.test(rule),
    ),
  );
}

function column(name: string, jsonPath: string, type: PrinterColumn['type'] = 'string'): PrinterColumn {
  return { name, type, jsonPath };
}

function define(type: ResourceType, model: z.ZodType, columns: PrinterColumn[]): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: definitionName(type) },
    spec: {
      group: type.group,
      scope: 'Namespaced',
      names: {
        kind: type.kind,
        listKind: `${type.kind}List`,
        plural: type.plural,
        singular: type.kind.toLowerCase(),
      },
      versions: [
        {
          name: type.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: structuralSchemaOf(model) },
        },
      ],
    },
  };
}
