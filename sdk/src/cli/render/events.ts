/** What `watch` prints of each event: the time, what happened, to whom. */
import type { ServiceL2StatusEvent } from '../../status/status-tracker.js';
import { type Announcement, serviceKey } from '../../status/announcement.js';
import { interfacesText, nodeText, sortAnnouncements } from './announcements.js';
import type { Paint, Tone } from './paint.js';
import { printable } from './printable.js';

const TONES: Record<ServiceL2StatusEvent['type'], Tone> = {
  synced: 'faint',
  announced: 'good',
  moved: 'doubtful',
  updated: 'faint',
  withdrawn: 'bad',
  desynced: 'bad',
};

const LONGEST_TYPE = 'announced'.length;

/** Lines of one event; `synced` has one more for each announcement there is. */
export function eventLines(event: ServiceL2StatusEvent, now: number, paint: Paint): string[] {
  const line = (type: ServiceL2StatusEvent['type'], text: string) =>
    `${paint('faint', timeText(now))}  ${paint(TONES[type], type.padEnd(LONGEST_TYPE))}  ${printable(text)}`;
  switch (event.type) {
    case 'synced': {
      const count = event.statuses.length;
      const summary = `${count} ${count === 1 ? 'service is' : 'services are'} announced`;
      const present = sortAnnouncements(event.statuses);
      return [line('synced', summary), ...present.map((status) => line('synced', statusText(status)))];
    }
    case 'moved':
      return [line('moved', statusText(event.status, `${event.from} → ${event.to}`))];
    case 'desynced':
      return [
        line('desynced', `${event.error.message}; trying again in ${Math.ceil(event.retryInMs / 1000)} s`),
      ];
    default:
      return [line(event.type, statusText(event.status))];
  }
}

/** The event as data; an error as its code and message. */
export function eventData(event: ServiceL2StatusEvent, now: number): object {
  const time = new Date(now);
  if (event.type !== 'desynced') return { time, ...event };
  const { code, message } = event.error;
  return { time, ...event, error: { code, message } };
}

/** To the second, in UTC. */
function timeText(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}

function statusText(status: Announcement, node = nodeText(status)): string {
  const addresses = status.addresses.length > 0 ? [status.addresses.join(',')] : [];
  return [serviceKey(status.service), node, ...addresses, interfacesText(status)].join('  ');
}
