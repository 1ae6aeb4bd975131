/** The tables of `docs/metrics.md`, from what the programs declare. */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { DeclaredMetric, DeclaredMetrics } from './declared-metrics.ts';
import type { ClosedLabels } from './metric-labels.ts';

/** What upstream's programs export under the same name, with the same labels. */
const UPSTREAM = new Set([
  'metallb_speaker_announced',
  ...['requests_received', 'responses_sent', 'gratuitous_sent'].map((name) => `metallb_layer2_${name}`),
  ...['updates_total', 'update_errors_total', 'config_loaded_bool', 'config_stale_bool'].map(
    (name) => `metallb_k8s_client_${name}`,
  ),
  ...['', 'ipv4_', 'ipv6_'].flatMap((family) => [
    `metallb_allocator_${family}addresses_total`,
    `metallb_allocator_${family}addresses_in_use_total`,
  ]),
]);

const LABELS = new URL('./metric-labels.ts', import.meta.url);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Markdown; how its tables are padded is prettier's. */
export function metricTables({ speaker, controller }: DeclaredMetrics): string {
  const closed = closedLabels();
  return [
    ...['## Speaker', '', ...tableOf(speaker), '', ...valuesOf(speaker, closed), ''],
    ...['## Controller', '', ...tableOf(controller), '', ...valuesOf(controller, closed), ''],
  ].join('\n');
}

function tableOf(metrics: readonly DeclaredMetric[]): string[] {
  const rows = byName(metrics).map(({ name, kind, labelNames, help }) =>
    row(code(name), kind, labelNames.map(code).join(', '), UPSTREAM.has(name) ? 'yes' : '', help),
  );
  return [row('metric', 'type', 'labels', "upstream's", 'says'), row('-', '-', '-', '-', '-'), ...rows];
}

function valuesOf(metrics: readonly DeclaredMetric[], closed: ClosedValues): string[] {
  return byName(metrics).flatMap(({ name, labelNames }) =>
    labelNames.flatMap((label) => {
      const values = closed[name]?.[label];
      return values === undefined ? [] : `- ${code(label)} of ${code(name)}: ${values.map(code).join(', ')}`;
    }),
  );
}

/** Values, sorted, by metric and label. */
type ClosedValues = Readonly<Partial<Record<string, Readonly<Partial<Record<string, readonly string[]>>>>>>;

/** What `ClosedLabels` says. */
export function closedLabels(): ClosedValues & Record<keyof ClosedLabels, object> {
  const file = fileURLToPath(LABELS);
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    strict: true,
    types: [],
    lib: ['lib.es5.d.ts'],
    paths: { '@metallb-l2/sdk/*': [`${ROOT}sdk/src/*/index.ts`] },
  });
  const checker = program.getTypeChecker();
  const declaration = program.getSourceFile(file)?.statements.find(ts.isInterfaceDeclaration);
  if (declaration === undefined) throw new Error(`there is no interface in ${file}`);
  const eachProperty = <T>(type: ts.Type, valueOf: (type: ts.Type) => T) =>
    Object.fromEntries(
      type.getProperties().map((each) => [each.name, valueOf(checker.getTypeOfSymbol(each))]),
    );
  return eachProperty(checker.getTypeAtLocation(declaration), (labels) =>
    eachProperty(labels, literalsOf),
  ) as Record<keyof ClosedLabels, Record<string, string[]>>;
}

function literalsOf(type: ts.Type): string[] {
  const types = type.isUnion() ? type.types : [type];
  return types
    .map((each) => {
      if (!each.isStringLiteral()) throw new Error('a label of ClosedLabels is of no closed list');
      return each.value;
    })
    .sort();
}

const byName = (metrics: readonly DeclaredMetric[]) =>
  metrics.toSorted(({ name: a }, { name: b }) => (a < b ? -1 : 1));

const code = (text: string) => `\`${text}\``;

const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
