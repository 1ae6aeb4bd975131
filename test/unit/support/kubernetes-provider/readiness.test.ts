import { podProblems, readyCheck } from '../../../support/kubernetes-provider/readiness.ts';
import type { Properties } from '../../../support/kubernetes-provider/properties.ts';

function readiness(object: Properties) {
  return readyCheck(object)?.(object);
}

function workload(kind: string, status: Properties, spec: Properties = {}): Properties {
  return { apiVersion: 'apps/v1', kind, metadata: { name: 'a', generation: 2 }, spec, status };
}

describe('a Deployment', () => {
  const complete = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

  it('is ready when all its pods are new and available', () => {
    expect(readiness(workload('Deployment', complete, { replicas: 2 }))?.ready).toBe(true);
  });

  it.each([
    [{ observedGeneration: 1 }, 'the controller to see the Deployment'],
    [{ updatedReplicas: 1 }, 'updated Pods (1/2)'],
    [{ replicas: 3 }, '1 old Pods to stop'],
    [{ availableReplicas: 0 }, 'Pods to be available (0/2)'],
  ])('with %j waits for %s', (status, message) => {
    const object = workload('Deployment', { ...complete, ...status }, { replicas: 2 });
    expect(readiness(object)).toEqual({ ready: false, message: `Waiting for ${message}` });
  });

  it('says why the controller cannot make pods', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' }];
    const object = workload('Deployment', { ...complete, availableReplicas: 0, conditions }, { replicas: 2 });
    expect(readiness(object)?.message).toContain('[FailedCreate] quota');
  });
});

describe('a DaemonSet', () => {
  const complete = {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  };

  it.each([
    [{}, true],
    [{ observedGeneration: 1 }, false],
    [{ updatedNumberScheduled: 2 }, false],
    [{ numberAvailable: 2 }, false],
    [{ desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0 }, true],
  ])('with %j is ready: %s', (status, ready) => {
    expect(readiness(workload('DaemonSet', { ...complete, ...status }))?.ready).toBe(ready);
  });
});

describe('a Service', () => {
  const service = (spec: Properties, status: Properties) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {},
    spec,
    status,
  });

  it('of type LoadBalancer is ready once it has an address', () => {
    expect(readiness(service({ type: 'LoadBalancer' }, { loadBalancer: {} }))?.ready).toBe(false);
    expect(
      readiness(service({ type: 'LoadBalancer' }, { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } }))
        ?.ready,
    ).toBe(true);
  });

  it('of another type is ready at once', () => {
    expect(readiness(service({ type: 'ClusterIP' }, {}))?.ready).toBe(true);
  });
});

describe('pulumi.com/waitFor', () => {
  const waits = (annotation: string, status: Properties) =>
    readiness({
      apiVersion: 'x.io/v1',
      kind: 'A',
      metadata: { annotations: { 'pulumi.com/waitFor': annotation } },
      status,
    })?.ready;
  const established = { conditions: [{ type: 'Established', status: 'True' }], phase: 'Running' };

  it.each([
    ['condition=Established', true],
    ['condition=Established=False', false],
    ['condition=Other', false],
    ['jsonpath={.status.phase}', true],
    ['jsonpath={.status.phase}=Running', true],
    ['jsonpath={.status.phase}=Gone', false],
    ['["condition=Established", "jsonpath={.status.none}"]', false],
  ])('%s holds: %s', (annotation, holds) => {
    expect(waits(annotation, established)).toBe(holds);
  });

  it('refuses what it does not understand', () => {
    expect(() => waits('jsonpath={.items[*].a}', {})).toThrow(/stand-in/);
  });
});

it('an object of any other kind is ready as soon as it exists', () => {
  expect(readyCheck({ apiVersion: 'v1', kind: 'ConfigMap' })).toBeUndefined();
});

describe('podProblems', () => {
  const pod = (status: Properties) => podProblems({ metadata: { name: 'p' }, status });

  it('has none for a pod whose containers are ready', () => {
    expect(pod({ containerStatuses: [{ name: 'c', ready: true }] })).toEqual([]);
  });

  it('gives the reason a container waits and how it ended before', () => {
    const state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } };
    const lastState = { terminated: { reason: 'Error', exitCode: 3 } };
    expect(pod({ containerStatuses: [{ name: 'c', ready: false, state, lastState }] })).toEqual([
      '[Pod p]: container "c" is not ready: [CrashLoopBackOff] back-off, [Error] exit code 3',
    ]);
  });

  it('gives the reason no node takes it', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' },
    ];
    expect(pod({ conditions })).toEqual(['[Pod p]: [Unschedulable] no node']);
  });
});
