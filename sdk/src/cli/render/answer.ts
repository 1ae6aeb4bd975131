/** What `who` prints: one row, and why where the answer is not simply so. */
import { type Certainty, type WhoAnnounces } from '../../status/who-announces.js';
import { ageText, interfacesText } from './announcements.js';
import type { Paint, Tone } from './paint.js';
import { type Column, tableLines } from './table.js';

const TONES: Record<Certainty, Tone> = {
  settled: 'good',
  moving: 'doubtful',
  conflicting: 'bad',
  stale: 'bad',
  nobody: 'bad',
};

export interface AnswerTable {
  readonly wide: boolean;
  readonly headers: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly paint: Paint;
}

export function answerLines(answer: WhoAnnounces, { wide, headers, now, paint }: AnswerTable): string[] {
  const columns: Column<WhoAnnounces>[] = [
    { heading: 'NAMESPACE', text: ({ service }) => service.namespace },
    { heading: 'NAME', text: ({ service }) => service.name },
    { heading: 'NODE', text: ({ node }) => node ?? '' },
    { heading: 'CERTAINTY', text: ({ certainty }) => certainty, tone: ({ certainty }) => TONES[certainty] },
    { heading: 'ADDRESSES', text: ({ addresses }) => addresses.join(',') },
    { heading: 'INTERFACES', text: (row) => (row.certainty === 'nobody' ? '' : interfacesText(row)) },
    { heading: 'AGE', text: (row) => (row.certainty === 'nobody' ? '' : ageText(row, now)) },
    ...(wide
      ? ([
          { heading: 'STATUS', text: (row) => (row.certainty === 'nobody' ? '' : row.object.name) },
          { heading: 'REASON', text: ({ reason }) => reason },
        ] satisfies Column<WhoAnnounces>[])
      : []),
  ];
  return tableLines(columns, [answer], { headers, paint });
}

/** What qualifies the answer, as sentences: nothing when it is settled and nothing was left unchecked. */
export function answerNotes({ certainty, reason, why, unchecked }: WhoAnnounces): string[] {
  return [
    ...(certainty === 'settled' && reason === 'Announced' ? [] : [why]),
    ...(unchecked.length === 0
      ? []
      : [`not checked whether it is alive: ${unchecked.map((each) => UNCHECKED[each]).join(' and ')}`]),
  ];
}

const UNCHECKED: Record<WhoAnnounces['unchecked'][number], string> = {
  node: 'the node, which cannot be read',
  speaker: 'the speaker, which cannot be read',
};
