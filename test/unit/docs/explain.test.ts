/** `docs/explain.md` shows each set-up that `test/e2e/explain.test.ts` breaks, and what is said of it there. */
import { readFileSync } from 'node:fs';
import { WORKLOAD_NAMESPACE } from '../../demo/workload.ts';
import { BROKEN_SET_UPS, VICTIM } from '../../e2e/broken-set-ups.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const [introduction = '', ...rest] = read('docs/explain.md').split(/^### /m);
const sections = new Map(rest.map((text) => [text.slice(0, text.indexOf('\n')), text]));
const titleOf = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

describe('docs/explain.md', () => {
  it('has a section for each of them, lists them and counts them', () => {
    const titles = BROKEN_SET_UPS.map(({ name }) => titleOf(name)).sort();
    expect([...sections.keys()].sort()).toEqual(titles);
    expect([...introduction.matchAll(/^- \[(.+)\]\(#/gm)].map(([, title]) => title).sort()).toEqual(titles);
    expect(introduction).toContain(`## ${titles.length} broken set-ups`);
    expect(read('README.md')).toContain(` ${titles.length} broken set-ups`);
  });

  it.each(BROKEN_SET_UPS)('says of $name what is found there', ({ name, service = VICTIM, expected }) => {
    const section = sections.get(titleOf(name)) ?? '';
    expect(section).toContain(
      `$ metallb-l2 explain ${service}\n${WORKLOAD_NAMESPACE}/${service} is not announced.`,
    );
    const reasons = [...section.matchAll(/^ {2}✗ .* \[(\w+)\]$/gm)].map(([, reason]) => reason);
    expect(reasons).toEqual(expected);
  });
});
