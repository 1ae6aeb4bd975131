/** Whether the service leads anywhere: without an endpoint that can serve, no node announces it. */
import { nodesServing } from '../election/index.js';
import type { Endpoint, EndpointSlice, Service } from '../kube/core-types.js';
import { count, enumerate } from '../text.js';
import { type Check, failed, passed, unreadableCheck } from './check.js';
import type { ExplainFacts } from './facts.js';
import { describeSelectors } from './selector-text.js';

export function endpointsCheck({ endpointSlices, ref }: ExplainFacts, { spec }: Service): Check {
  if (!endpointSlices.ok) return unreadableCheck('endpoints', endpointSlices);
  const slices = endpointSlices.items;
  const endpoints = distinctEndpoints(slices);
  const serving = nodesServing(slices);
  if (serving !== undefined) {
    const where = serving.size === 0 ? '' : `, on ${enumerate([...serving].sort())}`;
    return passed('endpoints', `Of ${count(endpoints.length, 'endpoint')} at least one is ready${where}.`);
  }
  const selector = spec?.selector;
  if (selector === undefined || Object.keys(selector).length === 0) {
    return failed(
      'endpoints',
      endpoints.length === 0 ? 'noEndpoints' : 'noServingEndpoints',
      `It has no selector, and ${endpoints.length === 0 ? 'no EndpointSlice was made for it' : 'no endpoint of its EndpointSlices is ready'}.`,
      'Give it a selector, or an EndpointSlice with ready endpoints.',
    );
  }
  const text = describeSelectors([{ matchLabels: selector }]);
  const remedy = `Look at its pods: kubectl -n ${ref.namespace} get pods -l ${text}`;
  if (endpoints.length === 0) {
    return failed('endpoints', 'noEndpoints', `No pod with an address matches its selector ${text}.`, remedy);
  }
  const message =
    endpoints.length === 1
      ? `Its only endpoint is not ready: ${nameOf(endpoints[0])}.`
      : `None of its ${String(endpoints.length)} endpoints is ready: ${enumerate(endpoints.map(nameOf))}.`;
  return failed('endpoints', 'noServingEndpoints', message, remedy);
}

/** A pod with an address of each IP family stands in a slice of each, and counts once. */
function distinctEndpoints(slices: readonly EndpointSlice[]): Endpoint[] {
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  return [...new Map(endpoints.map((endpoint) => [nameOf(endpoint), endpoint])).values()];
}

function nameOf(endpoint: Endpoint | undefined): string {
  const { kind, name } = endpoint?.targetRef ?? {};
  if (name === undefined) return endpoint?.addresses.join() ?? '';
  return `${kind?.toLowerCase() ?? 'object'} ${name}`;
}
