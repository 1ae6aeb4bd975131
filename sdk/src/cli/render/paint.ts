/** Colours by meaning. Text is laid out first and painted after, for colours have no width. */
import { styleText } from 'node:util';

export type Tone = 'good' | 'doubtful' | 'bad' | 'faint' | 'strong';

export type Paint = (tone: Tone | undefined, text: string) => string;

const STYLES = {
  good: 'green',
  doubtful: 'yellow',
  bad: 'red',
  faint: 'dim',
  strong: 'bold',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

const plain: Paint = (_tone, text) => text;

const coloured: Paint = (tone, text) =>
  tone === undefined || text === '' ? text : styleText(STYLES[tone], text, { validateStream: false });

export function paintFor({ colours }: { readonly colours: boolean }): Paint {
  return colours ? coloured : plain;
}
