import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import type { StructuralSchema } from '@metallb-l2/sdk/kube';

/** The facts of upstream's label selector, at `path`. */
const selector = (path: string): Record<string, string> => ({
  [path]: 'object map-type=atomic',
  [`${path}.matchLabels`]: 'object',
  [`${path}.matchLabels{}`]: 'string',
  [`${path}.matchExpressions`]: 'array list-type=atomic',
  [`${path}.matchExpressions[]`]: 'object required=key,operator',
  [`${path}.matchExpressions[].key`]: 'string',
  [`${path}.matchExpressions[].operator`]: 'string',
  [`${path}.matchExpressions[].values`]: 'array list-type=atomic',
  [`${path}.matchExpressions[].values[]`]: 'string',
});
const selectors = (path: string): Record<string, string> => ({ [path]: 'array', ...selector(`${path}[]`) });
const strings = (path: string): Record<string, string> => ({ [path]: 'array', [`${path}[]`]: 'string' });
const frame = { apiVersion: 'string', kind: 'string', metadata: 'object' };
const IMMUTABLE = 'string rule=(self == oldSelf: Value is immutable)';

/** The schemas of upstream v0.16.1 (config/crd/bases), one line of facts for each field. */
const UPSTREAM: Record<string, Record<string, string>> = {
  IPAddressPool: {
    '': 'object required=spec',
    ...frame,
    spec: 'object required=addresses',
    ...strings('spec.addresses'),
    'spec.autoAssign': 'boolean default=true',
    'spec.avoidBuggyIPs': 'boolean default=false',
    'spec.serviceAllocation': 'object',
    'spec.serviceAllocation.priority': 'integer',
    ...strings('spec.serviceAllocation.namespaces'),
    ...selectors('spec.serviceAllocation.namespaceSelectors'),
    ...selectors('spec.serviceAllocation.serviceSelectors'),
    status: 'object required=assignedIPv4,assignedIPv6,availableIPv4,availableIPv6',
    'status.assignedIPv4': 'integer format=int64',
    'status.assignedIPv6': 'integer format=int64',
    'status.availableIPv4': 'integer format=int64',
    'status.availableIPv6': 'integer format=int64',
  },
  L2Advertisement: {
    '': 'object',
    ...frame,
    spec: 'object',
    ...strings('spec.ipAddressPools'),
    ...selectors('spec.ipAddressPoolSelectors'),
    ...selectors('spec.nodeSelectors'),
    ...strings('spec.interfaces'),
    ...selectors('spec.serviceSelectors'),
    status: 'object',
  },
  ServiceL2Status: {
    '': 'object',
    ...frame,
    spec: 'object',
    status: 'object',
    'status.node': IMMUTABLE,
    'status.serviceName': IMMUTABLE,
    'status.serviceNamespace': IMMUTABLE,
    'status.interfaces': 'array',
    'status.interfaces[]': 'object',
    'status.interfaces[].name': 'string',
  },
};

/** What ours have on top, or instead. */
const OURS: typeof UPSTREAM = {
  IPAddressPool: { 'spec.addresses': 'array minItems=1' },
  // Upstream has these after v0.16.1, with the same shape.
  L2Advertisement: {
    'spec.preferredNodeSelectors': 'array',
    'spec.preferredNodeSelectors[]': 'object required=preference,weight',
    'spec.preferredNodeSelectors[].weight': 'integer minimum=1 maximum=100 format=int32',
    ...selector('spec.preferredNodeSelectors[].preference'),
  },
  ServiceL2Status: {
    'status.node': 'string',
    ...strings('status.addresses'),
    'status.announcedSince': 'string format=date-time',
  },
};

const UPSTREAM_COLUMNS: Record<string, string[]> = {
  IPAddressPool: [
    'Auto Assign boolean .spec.autoAssign',
    'Avoid Buggy IPs boolean .spec.avoidBuggyIPs',
    'Addresses string .spec.addresses',
  ],
  L2Advertisement: [
    'IPAddressPools string .spec.ipAddressPools',
    'IPAddressPool Selectors string .spec.ipAddressPoolSelectors',
    'Interfaces string .spec.interfaces',
    'Node Selectors string .spec.nodeSelectors priority=10',
  ],
  ServiceL2Status: [
    'Allocated Node string .status.node',
    'Service Name string .status.serviceName',
    'Service Namespace string .status.serviceNamespace',
  ],
};

function facts(schema: StructuralSchema, path = ''): Record<string, string> {
  const {
    type,
    description: _,
    properties = {},
    additionalProperties,
    items,
    required,
    'x-kubernetes-map-type': mapType,
    'x-kubernetes-list-type': listType,
    'x-kubernetes-validations': validations = [],
    ...rest
  } = schema;
  const line = [
    type,
    required && `required=${[...required].sort().join(',')}`,
    mapType && `map-type=${mapType}`,
    listType && `list-type=${listType}`,
    ...validations.map(({ rule, message }) => `rule=(${rule}: ${String(message)})`),
    ...Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`),
  ];
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  return {
    [path]: line.filter((fact) => fact !== undefined).join(' '),
    ...Object.fromEntries(
      Object.entries(properties).flatMap(([name, child]) => Object.entries(facts(child, at(name)))),
    ),
    ...(items && facts(items, `${path}[]`)),
    ...(additionalProperties && facts(additionalProperties, `${path}{}`)),
  };
}

const byKind = new Map(customResourceDefinitions().map((crd) => [crd.spec.names.kind, crd]));

describe.each(Object.keys(UPSTREAM))('the CRD of %s', (kind) => {
  const crd = byKind.get(kind);
  const version = crd?.spec.versions[0];

  it("has upstream's schema field by field, but for what it adds", () => {
    expect(version && facts(version.schema.openAPIV3Schema)).toEqual({ ...UPSTREAM[kind], ...OURS[kind] });
  });

  it("has upstream's names, scope and version", () => {
    expect(crd).toMatchObject({
      metadata: { name: `${crd?.spec.names.plural ?? ''}.metallb.io` },
      spec: { group: 'metallb.io', scope: 'Namespaced' },
    });
    expect(crd?.spec.versions).toHaveLength(1);
    expect(version).toMatchObject({
      name: 'v1beta1',
      served: true,
      storage: true,
      subresources: { status: {} },
    });
    expect(crd?.spec.names).toEqual(
      {
        IPAddressPool: {
          kind,
          listKind: 'IPAddressPoolList',
          plural: 'ipaddresspools',
          singular: 'ipaddresspool',
        },
        L2Advertisement: {
          kind,
          listKind: 'L2AdvertisementList',
          plural: 'l2advertisements',
          singular: 'l2advertisement',
        },
        ServiceL2Status: {
          kind,
          listKind: 'ServiceL2StatusList',
          plural: 'servicel2statuses',
          singular: 'servicel2status',
        },
      }[kind],
    );
  });

  it("shows upstream's columns first", () => {
    const columns = (version?.additionalPrinterColumns ?? []).map(
      ({ name, type, jsonPath, priority }) =>
        `${name} ${type} ${jsonPath}${priority === undefined ? '' : ` priority=${String(priority)}`}`,
    );
    const upstream = UPSTREAM_COLUMNS[kind] ?? [];
    expect(columns.slice(0, upstream.length)).toEqual(upstream);
    expect(columns.slice(upstream.length)).toEqual(
      kind === 'ServiceL2Status'
        ? ['Addresses string .status.addresses', 'Announced date .status.announcedSince']
        : [],
    );
  });

  it('explains every field', () => {
    const unexplained = (schema: StructuralSchema, path: string): string[] => [
      ...(schema.description === undefined && path !== '.metadata' ? [path] : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
        unexplained(child, `${path}.${name}`),
      ),
    ];
    expect(version && unexplained(version.schema.openAPIV3Schema, '')).toEqual([]);
  });
});

it('makes no other CRD', () => {
  expect([...byKind.keys()]).toEqual(Object.keys(UPSTREAM));
});
