/** A dashboard for Grafana: which node announces what, how full the pools are, how the speakers see each other. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { ParsedMetrics } from '../args/parse-operations.js';
import { metadataOf, namePrefixOf, type Site } from '../site.js';

interface Panel {
  title: string;
  description: string;
  kind: 'stat' | 'timeseries' | 'table';
  /** Grafana's name of the unit of the values. */
  unit?: string;
  /** Queries, by the legend of their series. */
  queries: Readonly<Record<string, string>>;
}

/** Three in a row; the time is Grafana's own window. */
export const PANELS: readonly Panel[] = [
  {
    title: 'Announced addresses',
    description: 'Addresses that some node answers for',
    kind: 'stat',
    queries: { addresses: 'count(count by (ip) (metallb_speaker_announced == 1)) or vector(0)' },
  },
  {
    title: 'Services without address',
    description: 'Services that do not get the address they ask for, by reason',
    kind: 'stat',
    queries: { '{{reason}}': 'max by (reason) (metallb_l2_services_refused)' },
  },
  {
    title: 'Live speakers',
    description: 'As the speakers see each other: the two figures differ while they disagree',
    kind: 'stat',
    queries: {
      least: 'min(metallb_speaker_memberlist_members{state="alive"})',
      most: 'max(metallb_speaker_memberlist_members{state="alive"})',
    },
  },
  {
    title: 'Addresses by node',
    description: 'How many addresses each node announces; a step is a move',
    kind: 'timeseries',
    queries: { '{{node}}': 'count by (node) (metallb_speaker_announced == 1)' },
  },
  {
    title: 'Use of the pools',
    description: 'Share of the addresses that are in use',
    kind: 'timeseries',
    unit: 'percentunit',
    queries: {
      '{{pool}}':
        'max by (pool) (metallb_allocator_addresses_in_use_total) / max by (pool) (metallb_allocator_addresses_total)',
    },
  },
  {
    title: 'Members',
    description: 'Members of the gossip by state, as the speaker that sees most of each sees them',
    kind: 'timeseries',
    queries: { '{{state}}': 'max by (state) (metallb_speaker_memberlist_members)' },
  },
  {
    title: 'Who announces what',
    description: 'Each address with its service and its node',
    kind: 'table',
    queries: { '': 'max by (ip, service, node) (metallb_speaker_announced == 1)' },
  },
  {
    title: 'Questions and answers',
    description: 'ARP requests and neighbour solicitations for announced addresses, and what was sent',
    kind: 'timeseries',
    unit: 'pps',
    queries: {
      asked: 'sum(rate(metallb_layer2_requests_received[$__rate_interval]))',
      answered: 'sum(rate(metallb_layer2_responses_sent[$__rate_interval]))',
      unasked: 'sum(rate(metallb_layer2_gratuitous_sent[$__rate_interval]))',
    },
  },
  {
    title: 'Elections',
    description: 'Services that came to a node by election, and those that went from one to another',
    kind: 'timeseries',
    unit: 'cps',
    queries: {
      won: 'sum(rate(metallb_speaker_elections{result="won"}[$__rate_interval]))',
      lost: 'sum(rate(metallb_speaker_elections{result="lost"}[$__rate_interval]))',
    },
  },
  {
    title: 'Time of a take-over',
    description: "From the news that makes a service a node's until that node answers, half and 99 % of them",
    kind: 'timeseries',
    unit: 's',
    queries: {
      p50: 'histogram_quantile(0.5, sum by (le) (rate(metallb_speaker_takeover_seconds_bucket[$__rate_interval])))',
      p99: 'histogram_quantile(0.99, sum by (le) (rate(metallb_speaker_takeover_seconds_bucket[$__rate_interval])))',
    },
  },
  {
    title: 'Not announced',
    description:
      'Services that some node may not announce, by reason; who only lost an election is not meant',
    kind: 'timeseries',
    queries: {
      '{{reason}}': 'max by (reason) (metallb_speaker_services_not_announced{reason!="notOwner"})',
    },
  },
  {
    title: 'Trouble',
    description: 'Address conflicts, failed writes of statuses and services, suspicions among the speakers',
    kind: 'timeseries',
    unit: 'cps',
    queries: {
      'address conflicts': 'sum(rate(metallb_layer2_address_conflicts[$__rate_interval]))',
      'status writes': 'sum(rate(metallb_status_write_errors[$__rate_interval]))',
      'service writes': 'sum(rate(metallb_k8s_client_update_errors_total[$__rate_interval]))',
      suspicions: 'sum(rate(metallb_speaker_memberlist_suspicions[$__rate_interval]))',
    },
  },
];

const COLUMNS = 3;
/** Grafana's grid is 24 wide. */
const SIZE = { w: 24 / COLUMNS, h: 8 };
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The ConfigMap that Grafana's sidecar loads. Pulumi names it, so that it changes without a gap. */
export function createDashboard(
  site: Site,
  { dashboardLabels }: ParsedMetrics,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const labels = pulumi.all([site.labels, dashboardLabels]).apply(([common, own]) => ({ ...common, ...own }));
  return new k8s.core.v1.ConfigMap(
    namePrefixOf(site, 'dashboard'),
    {
      metadata: metadataOf({ ...site, labels }, undefined),
      data: { 'metallb-l2.json': JSON.stringify(dashboard(), null, 2) },
    },
    // A change replaces it, which protection of the installation would forbid.
    { ...opts, protect: false },
  );
}

function dashboard() {
  return {
    uid: 'metallb-l2',
    title: 'MetalLB layer 2',
    tags: ['metallb'],
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    templating: {
      list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }],
    },
    panels: PANELS.map(toPanel),
  };
}

function toPanel({ title, description, kind, unit, queries }: Panel, index: number) {
  return {
    id: index + 1,
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { ...SIZE, x: (index % COLUMNS) * SIZE.w, y: Math.floor(index / COLUMNS) * SIZE.h },
    fieldConfig: { defaults: { ...(unit !== undefined && { unit }), min: 0 }, overrides: [] },
    targets: Object.entries(queries).map(([legendFormat, expr], position) => ({
      refId: String.fromCodePoint('A'.charCodeAt(0) + position),
      datasource: DATASOURCE,
      expr,
      legendFormat,
      ...(kind === 'table' && { format: 'table', instant: true }),
    })),
  };
}
