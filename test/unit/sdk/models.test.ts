import {
  type ConfigurationState,
  configurationStateSchema,
  type IPAddressPool,
  type L2Advertisement,
  SelectorError,
  type ServiceL2Status,
  ipAddressPoolSchema,
  l2AdvertisementSchema,
  matchesSelector,
  serviceL2StatusSchema,
} from '@metallb-l2/sdk/models';

/** An object with every field its type knows: a field the type gains and this lacks does not compile. */
type Complete<T> = T extends readonly (infer Item)[]
  ? Complete<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Complete<T[Key]> }
    : T;

const metadata: Complete<IPAddressPool['metadata']> = {
  name: 'one',
  generateName: 'on',
  namespace: 'metallb-system',
  uid: 'u',
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
  deletionTimestamp: '2026-01-01T00:00:00Z',
  labels: { a: 'b' },
  annotations: { a: 'b' },
  finalizers: ['f'],
  ownerReferences: [
    { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true, blockOwnerDeletion: true },
  ],
};
const selector = {
  matchLabels: { a: 'b' },
  matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }],
};
const pool: Complete<IPAddressPool> = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata,
  spec: {
    addresses: ['192.168.10.0/24'],
    autoAssign: false,
    avoidBuggyIPs: true,
    serviceAllocation: {
      priority: 1,
      namespaces: ['n'],
      namespaceSelectors: [selector],
      serviceSelectors: [selector],
    },
  },
  status: { assignedIPv4: 1, assignedIPv6: 2, availableIPv4: 3, availableIPv6: 4 },
};
const advertisement: Complete<L2Advertisement> = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata,
  spec: {
    ipAddressPools: ['p'],
    ipAddressPoolSelectors: [selector],
    nodeSelectors: [selector],
    preferredNodeSelectors: [{ weight: 1, preference: selector }],
    interfaces: ['eth0'],
    serviceSelectors: [selector],
  },
};
const status: Complete<ServiceL2Status> = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ServiceL2Status',
  metadata,
  status: {
    node: 'n',
    serviceName: 's',
    serviceNamespace: 'd',
    interfaces: [{ name: 'eth0' }],
    addresses: ['192.0.2.1'],
    announcedSince: '2026-01-01T00:00:00Z',
  },
};
const state: Complete<ConfigurationState> = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ConfigurationState',
  metadata,
  status: {
    result: 'Invalid',
    errorSummary: 'e',
    conditions: [
      {
        type: 'poolReconcilerValid',
        status: 'False',
        reason: 'ConfigurationError',
        message: 'e',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 1,
      },
    ],
  },
};

const MODELS = [
  ['IPAddressPool', ipAddressPoolSchema, pool],
  ['L2Advertisement', l2AdvertisementSchema, advertisement],
  ['ServiceL2Status', serviceL2StatusSchema, status],
  ['ConfigurationState', configurationStateSchema, state],
] as const;

describe.each(MODELS)('the model of %s', (_kind, schema, object) => {
  it('reads every field of its type', () => {
    expect(schema.parse(object)).toEqual(object);
  });

  it('checks every field of its type', () => {
    // Known fields refuse a function, which fits no field; unknown ones would take it.
    for (const path of leaves(object)) {
      expect([path, schema.safeParse(withLeaf(object, path, () => 0)).success]).toEqual([path, false]);
    }
  });

  it('keeps fields it does not know', () => {
    const more = { ...object, extra: 1, metadata: { ...object.metadata, managedFields: [] } };
    expect(schema.parse(more)).toEqual(more);
  });

  it('refuses another kind', () => {
    expect(schema.safeParse({ ...object, kind: 'Pod' }).success).toBe(false);
  });
});

function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value)
    ? value.map((item, index): [number, unknown] => [index, item])
    : Object.entries(value);
  return entries.flatMap(([key, part]) => leaves(part, [...path, key]));
}

function withLeaf(value: unknown, [key, ...rest]: (string | number)[], leaf: unknown): unknown {
  if (key === undefined) return leaf;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = withLeaf(copy[key], rest, leaf);
  return copy;
}

describe('a ServiceL2Status', () => {
  it.each([{}, { status: {} }, { status: { node: 'n' } }])('may not have its status yet: %j', (fields) => {
    expect(serviceL2StatusSchema.parse({ metadata: { name: 'x' }, ...fields })).toMatchObject(fields);
  });
});

describe('an IPAddressPool', () => {
  it('assigns by itself and uses every address unless it says otherwise', () => {
    const { spec } = ipAddressPoolSchema.parse({ metadata: {}, spec: { addresses: ['10.0.0.0/8'] } });
    expect(spec).toEqual({ addresses: ['10.0.0.0/8'], autoAssign: true, avoidBuggyIPs: false });
  });
});

describe('a label selector', () => {
  const labels = { app: 'web', tier: 'front' };
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });

  it.each([
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, false],
    [{ matchLabels: { missing: '' } }, false],
    [expression('app', 'In', 'web', 'db'), true],
    [expression('app', 'In', 'db'), false],
    [expression('missing', 'In', 'web'), false],
    [expression('app', 'NotIn', 'db'), true],
    [expression('app', 'NotIn', 'web'), false],
    [expression('missing', 'NotIn', 'web'), true],
    [expression('app', 'Exists'), true],
    [expression('missing', 'Exists'), false],
    [expression('app', 'DoesNotExist'), false],
    [expression('missing', 'DoesNotExist'), true],
    [expression('toString', 'Exists'), false],
    [{ matchLabels: { app: 'web' }, ...expression('tier', 'In', 'back') }, false],
  ])('%j matches as the API server would', (selector, expected) => {
    expect(matchesSelector(selector, labels)).toBe(expected);
  });

  it('with an operator that does not exist is an error', () => {
    expect(() => matchesSelector(expression('app', 'Like', 'w'), labels)).toThrow(SelectorError);
    expect(() => matchesSelector(expression('app', 'Like', 'w'), labels)).toThrow(
      'label "app": operator "Like" is not one of In, NotIn, Exists, DoesNotExist',
    );
  });

  it('matches objects without labels when it is empty', () => {
    expect(matchesSelector({}, undefined)).toBe(true);
  });
});
