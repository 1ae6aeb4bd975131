/** When an object does its work, and why it does not yet: pure reading of what controllers report. */
import { WAIT_FOR } from './annotations.ts';
import { annotationOf, kindOf, nameOf } from './kinds.ts';
import { isObject, textOf, valueAt, type Properties, type Value } from './properties.ts';

interface Readiness {
  readonly ready: boolean;
  /** What is waited for, or what is complete. */
  readonly message: string;
}

/** Tells from an object whether it is ready. */
export type ReadyCheck = (live: Properties) => Readiness;

/**
 * What to wait for after a write: the annotation `pulumi.com/waitFor` decides, else the kind. Gives
 * `undefined` for an object that is ready as soon as the API server has it.
 *
 * @throws for an annotation in a form the stand-in does not know
 */
export function readyCheck(object: Properties): ReadyCheck | undefined {
  const waitFor = annotationOf(object, WAIT_FOR);
  if (waitFor !== '') return waitedFor(waitFor);
  const { group, kind } = kindOf(object, '');
  return CHECKS[`${group}/${kind}`];
}

/** The label selector of a workload's pods; `undefined` for anything without pods. */
export function podLabels(workload: Properties): Properties | undefined {
  const labels = valueAt(workload, 'spec', 'selector', 'matchLabels');
  return isObject(labels) ? labels : undefined;
}

/** What keeps a pod from being ready, as its containers and conditions say it. */
export function podProblems(pod: Properties): string[] {
  const scheduled = conditionOf(pod, 'PodScheduled');
  const reports = [
    ...(scheduled?.['status'] === 'False' ? [explain(scheduled)] : []),
    ...['initContainerStatuses', 'containerStatuses']
      .flatMap((field) => items(valueAt(pod, 'status', field)))
      .filter((container) => container['ready'] !== true)
      .flatMap(containerProblem),
  ];
  return reports.map((report) => `[Pod ${nameOf(pod)}]: ${report}`);
}

const CHECKS: Readonly<Record<string, ReadyCheck>> = {
  'apps/Deployment': deploymentReadiness,
  'apps/DaemonSet': daemonSetReadiness,
  '/Service': serviceReadiness,
};

function deploymentReadiness(live: Properties): Readiness {
  const wanted = count(live, 'spec', 'replicas', 1);
  const updated = count(live, 'status', 'updatedReplicas');
  const available = count(live, 'status', 'availableReplicas');
  const total = count(live, 'status', 'replicas');
  if (!isObserved(live)) return waiting('the controller to see the Deployment');
  if (updated < wanted) return waiting(`updated Pods (${updated}/${wanted})`);
  if (total > updated) return waiting(`${total - updated} old Pods to stop`);
  if (available < wanted) {
    const failure = conditionOf(live, 'ReplicaFailure');
    const why = failure?.['status'] === 'True' ? `: ${explain(failure)}` : '';
    return waiting(`Pods to be available (${available}/${wanted})${why}`);
  }
  return { ready: true, message: 'Deployment initialization complete' };
}

function daemonSetReadiness(live: Properties): Readiness {
  const wanted = count(live, 'status', 'desiredNumberScheduled');
  const updated = count(live, 'status', 'updatedNumberScheduled');
  const available = count(live, 'status', 'numberAvailable');
  if (!isObserved(live)) return waiting('the controller to see the DaemonSet');
  if (updated < wanted) return waiting(`updated Pods (${updated}/${wanted})`);
  if (available < wanted) return waiting(`Pods to be available (${available}/${wanted})`);
  return { ready: true, message: `All replicas available as expected. Replicas: ${wanted}` };
}

function serviceReadiness(live: Properties): Readiness {
  const isLoadBalancer = valueAt(live, 'spec', 'type') === 'LoadBalancer';
  const ingress = items(valueAt(live, 'status', 'loadBalancer', 'ingress'));
  return isLoadBalancer && ingress.length === 0
    ? waiting('an address for the Service')
    : { ready: true, message: 'Service initialization complete' };
}

/** `condition=Type[=Status]`, or `jsonpath={.a.b}[=value]` with plain keys; several as a JSON array. */
function waitedFor(annotation: string): ReadyCheck {
  const checks = (annotation.startsWith('[') ? (JSON.parse(annotation) as string[]) : [annotation]).map(
    (expression): ReadyCheck => {
      const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(expression);
      if (condition?.[1] !== undefined) {
        const [, type, status = 'True'] = condition;
        return (live) => met(conditionOf(live, type)?.['status'] === status, expression);
      }
      const path = /^jsonpath=\{((?:\.[\w-]+)+)\}(?:=(.*))?$/.exec(expression);
      if (path?.[1] !== undefined) {
        const keys = path[1].slice(1).split('.');
        const wanted = path[2];
        return (live) => {
          const value = valueAt(live, ...keys);
          return met(value !== undefined && (wanted === undefined || textOf(value) === wanted), expression);
        };
      }
      throw new Error(
        `${WAIT_FOR}: the stand-in Kubernetes provider does not understand "${expression}"; ` +
          'it knows condition=Type, condition=Type=Status, jsonpath={.a.b} and jsonpath={.a.b}=value',
      );
    },
  );
  return (live) => {
    const results = checks.map((check) => check(live));
    return results.find(({ ready }) => !ready) ?? { ready: true, message: `${annotation} holds` };
  };
}

function met(ready: boolean, expression: string): Readiness {
  return ready ? { ready, message: `${expression} holds` } : waiting(expression);
}

function waiting(what: string): Readiness {
  return { ready: false, message: `Waiting for ${what}` };
}

function containerProblem(container: Properties): string[] {
  const name = textOf(container['name']);
  const waitingFor = valueAt(container, 'state', 'waiting');
  const ended = valueAt(container, 'state', 'terminated') ?? valueAt(container, 'lastState', 'terminated');
  const problems: string[] = [];
  if (isObject(waitingFor)) problems.push(explain(waitingFor));
  if (isObject(ended) && ended['exitCode'] !== 0) {
    problems.push(`[${textOf(ended['reason'])}] exit code ${textOf(ended['exitCode'])}`);
  }
  return [`container "${name}" is not ready: ${problems.join(', ') || 'no reason given'}`];
}

function explain(state: Properties): string {
  const message = state['message'];
  return `[${textOf(state['reason'])}]${typeof message === 'string' ? ` ${message}` : ''}`;
}

function isObserved(live: Properties): boolean {
  return count(live, 'status', 'observedGeneration') >= count(live, 'metadata', 'generation');
}

function conditionOf(object: Properties, type: string | undefined): Properties | undefined {
  return items(valueAt(object, 'status', 'conditions')).find((condition) => condition['type'] === type);
}

function count(object: Properties, part: string, field: string, fallback = 0): number {
  const value = valueAt(object, part, field);
  return typeof value === 'number' ? value : fallback;
}

function items(value: Value | undefined): Properties[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
