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
const conditions = (path: string): Record<string, string> => ({
  [path]: 'array list-type=map list-keys=type',
  [`${path}[]`]: 'object required=lastTransitionTime,message,reason,status,type',
  [`${path}[].type`]:
    'string maxLength=316 pattern=^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  [`${path}[].status`]: 'string enum=True,False,Unknown',
  [`${path}[].reason`]: 'string minLength=1 maxLength=1024 pattern=^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  [`${path}[].message`]: 'string maxLength=32768',
  [`${path}[].lastTransitionTime`]: 'string format=date-time',
  [`${path}[].observedGeneration`]: 'integer format=int64 minimum=0',
});
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
  ConfigurationState: {
    '': 'object',
    ...frame,
    status: 'object',
    'status.result': 'string enum=Valid,Invalid,Unknown',
    'status.errorSummary': 'string',
    ...conditions('status.conditions'),
  },
};

const LABEL_VALUE = 'string maxLength=63 pattern=^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$';
const LABEL_KEY =
  'string maxLength=317 pattern=^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$';

/** A selector whose parts are checked; what is accepted, `test/support/configuration-cases.ts` shows. */
const checkedSelector = (path: string): Record<string, string> => ({
  ...selector(path),
  [`${path}.matchLabels`]: 'object checks=1 maxProperties=64',
  [`${path}.matchLabels{}`]: LABEL_VALUE,
  [`${path}.matchExpressions`]: 'array list-type=atomic checks=1 maxItems=32',
  [`${path}.matchExpressions[]`]: 'object required=key,operator checks=1',
  [`${path}.matchExpressions[].key`]: LABEL_KEY,
  [`${path}.matchExpressions[].operator`]: 'string enum=In,NotIn,Exists,DoesNotExist',
  [`${path}.matchExpressions[].values`]: 'array list-type=set',
  [`${path}.matchExpressions[].values[]`]: LABEL_VALUE,
});
const checkedSelectors = (path: string): Record<string, string> => ({
  ...checkedSelector(`${path}[]`),
  [path]: 'array checks=1 maxItems=256',
});

/** What ours have on top, or instead. */
const OURS: typeof UPSTREAM = {
  IPAddressPool: {
    'spec.addresses': 'array checks=3 minItems=1 maxItems=512',
    'spec.addresses[]': 'string checks=8 maxLength=96',
    'spec.serviceAllocation.namespaces': 'array checks=1 maxItems=512',
    'spec.serviceAllocation.namespaces[]': 'string minLength=1 maxLength=63',
    ...checkedSelectors('spec.serviceAllocation.namespaceSelectors'),
    ...checkedSelectors('spec.serviceAllocation.serviceSelectors'),
  },
  L2Advertisement: {
    'spec.ipAddressPools': 'array checks=1 maxItems=256',
    'spec.ipAddressPools[]': 'string minLength=1 maxLength=253',
    ...checkedSelectors('spec.ipAddressPoolSelectors'),
    ...checkedSelectors('spec.nodeSelectors'),
    'spec.interfaces[]': 'string minLength=1',
    ...checkedSelectors('spec.serviceSelectors'),
    // Upstream has these after v0.16.1, with the same shape.
    'spec.preferredNodeSelectors': 'array maxItems=256',
    'spec.preferredNodeSelectors[]': 'object required=preference,weight',
    'spec.preferredNodeSelectors[].weight': 'integer minimum=1 maximum=100 format=int32',
    ...checkedSelector('spec.preferredNodeSelectors[].preference'),
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
  ConfigurationState: [
    'Result string .status.result',
    'ErrorSummary string .status.errorSummary',
    'Age date .metadata.creationTimestamp',
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
    'x-kubernetes-list-map-keys': listKeys,
    'x-kubernetes-validations': validations = [],
    ...rest
  } = schema;
  const checks = validations.filter(({ messageExpression }) => messageExpression !== undefined).length;
  const line = [
    type,
    required && `required=${[...required].sort().join(',')}`,
    mapType && `map-type=${mapType}`,
    listType && `list-type=${listType}`,
    listKeys && `list-keys=${listKeys.join()}`,
    ...validations.flatMap(({ rule, message }) =>
      message === undefined ? [] : `rule=(${rule}: ${message})`,
    ),
    checks > 0 ? `checks=${String(checks)}` : undefined,
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
        ConfigurationState: {
          kind,
          listKind: 'ConfigurationStateList',
          plural: 'configurationstates',
          singular: 'configurationstate',
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
