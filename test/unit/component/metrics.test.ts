import { MetalLBLayer2 } from '../../../component/src/index.js';
import { ALERTS } from '../../../component/src/metrics/alerts.js';
import { PANELS } from '../../../component/src/metrics/dashboard.js';
import { EVERY_ARGUMENT } from '../../support/argument-cases.ts';
import { declaredMetrics, seriesOf } from '../../support/declared-metrics.ts';
import { mockPulumi, settled } from '../../support/pulumi-mocks.ts';

/** Words of PromQL, and of what else stands in an expression. */
const METRIC = /\bmetallb_\w+/g;

const expressions = [
  ...ALERTS.map(({ name, expr }) => [name, expr] as const),
  ...PANELS.flatMap(({ title, queries }) => Object.values(queries).map((expr) => [title, expr] as const)),
];

describe('alerts and dashboard', () => {
  let series: ReadonlySet<string>;
  beforeAll(async () => {
    const { speaker, controller } = await declaredMetrics();
    series = new Set([...speaker, ...controller].flatMap(seriesOf));
  });

  it.each(expressions)('%s asks for metrics that exist: %s', (_, expr) => {
    const asked = [...expr.matchAll(METRIC)].map(([name]) => name);
    expect(asked).not.toEqual([]);
    expect(asked.filter((name) => !series.has(name))).toEqual([]);
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
