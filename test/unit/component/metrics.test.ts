import { readdirSync, readFileSync } from 'node:fs';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { ALERTS } from '../../../component/src/metrics/alerts.js';
import { PANELS } from '../../../component/src/metrics/dashboard.js';
import { EVERY_ARGUMENT } from '../../support/argument-cases.ts';
import { mockPulumi, settled } from '../../support/pulumi-mocks.ts';

const SOURCES = new URL('../../../speaker/src/', import.meta.url);

/** Words of PromQL, and of what else stands in an expression. */
const METRIC = /\bmetallb_\w+/g;

/** Names of the metrics that the programs declare, read from their sources. */
function declaredMetrics(): Set<string> {
  const names = new Set<string>();
  for (const path of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    const source = readFileSync(new URL(path, SOURCES), 'utf8');
    for (const [, name = ''] of source.matchAll(/\b(?:counter|gauge)\(\s*'(\w+)'/g)) names.add(name);
    for (const [, name = ''] of source.matchAll(/\bhistogram\(\s*'(\w+)'/g)) {
      for (const part of ['bucket', 'count', 'sum']) names.add(`${name}_${part}`);
    }
    // A prefix that the names of a file share: `metallb_layer2_${name}`.
    for (const [, prefix = ''] of source.matchAll(/`(metallb_\w+_)\$\{\w+\}`/g)) {
      for (const [, name = ''] of source.matchAll(/\b(?:counter|name)\(\s*'(\w+)'/g))
        names.add(prefix + name);
    }
  }
  return names;
}

const expressions = [
  ...ALERTS.map(({ name, expr }) => [name, expr] as const),
  ...PANELS.flatMap(({ title, queries }) => Object.values(queries).map((expr) => [title, expr] as const)),
];

describe('alerts and dashboard', () => {
  const declared = declaredMetrics();

  it('find the metrics of the programs where they are declared', () => {
    expect(declared.size).toBeGreaterThan(20);
    expect([...declared]).toEqual(
      expect.arrayContaining([
        'metallb_speaker_announced',
        'metallb_layer2_address_conflicts',
        'metallb_speaker_memberlist_members',
        'metallb_allocator_addresses_total',
      ]),
    );
  });

  it.each(expressions)('%s asks for metrics that exist: %s', (_, expr) => {
    const asked = [...expr.matchAll(METRIC)].map(([name]) => name);
    expect(asked).not.toEqual([]);
    expect(asked.filter((name) => !declared.has(name))).toEqual([]);
  });

  it.each(expressions)('%s is balanced: %s', (_, expr) => {
    for (const [open, close] of ['()', '{}', '[]']) {
      expect(expr.split(open ?? '').length).toBe(expr.split(close ?? '').length);
    }
  });

  it('have names that differ', () => {
    expect(new Set(ALERTS.map(({ name }) => name)).size).toBe(ALERTS.length);
    expect(new Set(PANELS.map(({ title }) => title)).size).toBe(PANELS.length);
  });

  it('reach the cluster as what Grafana and Prometheus read', async () => {
    const mocks = await mockPulumi();
    new MetalLBLayer2('metallb', EVERY_ARGUMENT);
    await settled();
    const { data } = mocks.find('kubernetes:core/v1:ConfigMap', 'metallb-dashboard').inputs as {
      data: Record<string, string>;
    };
    const dashboard = JSON.parse(data['metallb-l2.json'] ?? '') as { panels: { gridPos: object }[] };
    expect(dashboard.panels).toHaveLength(PANELS.length);
    expect(new Set(dashboard.panels.map(({ gridPos }) => JSON.stringify(gridPos))).size).toBe(PANELS.length);
    const rules = mocks.find('kubernetes:monitoring.coreos.com/v1:PrometheusRule').inputs as {
      spec: { groups: { rules: { alert: string; for: string }[] }[] };
    };
    expect(rules.spec.groups[0]?.rules.map(({ alert }) => alert)).toEqual(ALERTS.map(({ name }) => name));
  });
});
