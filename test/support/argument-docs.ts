/** The tables of `docs/component.md`, from the declarations of the arguments. */
import { declaredFields, type DeclaredField } from './argument-paths.ts';

interface Section {
  title: string;
  /** What it is about, before the table. */
  interfaceName: string;
  /** Begins the paths: what a user writes to get there. */
  prefix?: string;
}

const NESTED = [
  'Image',
  'Pool',
  'Advertisement',
  'Speaker',
  'Controller',
  'Metrics',
  'NetworkPolicy',
  'LabelSelector',
];

const SECTIONS: readonly Section[] = [
  { title: 'MetalLBLayer2', interfaceName: 'MetalLBLayer2Args' },
  { title: 'Image', interfaceName: 'Image', prefix: 'image.' },
  { title: 'Pool', interfaceName: 'Pool', prefix: 'pools[].' },
  { title: 'Advertisement', interfaceName: 'Advertisement', prefix: 'advertisements[].' },
  { title: 'Speaker', interfaceName: 'Speaker', prefix: 'speaker.' },
  { title: 'Controller', interfaceName: 'Controller', prefix: 'controller.' },
  { title: 'Metrics', interfaceName: 'Metrics', prefix: 'metrics.' },
  { title: 'NetworkPolicy', interfaceName: 'NetworkPolicy', prefix: 'networkPolicy.' },
  { title: 'LabelSelector', interfaceName: 'LabelSelector' },
];

/** Of the two resources, what a pool or an advertisement of the component has not. */
const RESOURCES: readonly Section[] = [
  { title: 'AddressPool', interfaceName: 'AddressPoolArgs' },
  { title: 'L2Advertisement', interfaceName: 'L2AdvertisementArgs' },
];

/** Markdown; how its tables are padded is prettier's. */
export function argumentTables(): string {
  const own = ({ path }: DeclaredField) => path === 'name' || path === 'namespace';
  return [
    ...SECTIONS.map((section) => tableOf(section, () => true)),
    ...RESOURCES.map((section) => tableOf(section, own)),
  ].join('\n');
}

function tableOf(
  { title, interfaceName, prefix = '' }: Section,
  isShown: (field: DeclaredField) => boolean,
): string {
  const fields = declaredFields(
    interfaceName,
    NESTED.filter((name) => name !== interfaceName),
  ).filter(isShown);
  const rows = fields.map(({ path, type, optional, description, byDefault }) =>
    row(`\`${prefix}${path}\``, `\`${type}\``, byDefault ?? (optional ? '' : 'needed'), description),
  );
  return [
    `### ${title}`,
    '',
    row('argument', 'type', 'default', 'meaning'),
    row('-', '-', '-', '-'),
    ...rows,
    '',
  ].join('\n');
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
