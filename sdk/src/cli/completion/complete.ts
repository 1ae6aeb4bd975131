/**
 * Answers a shell that asks what could come next: `metallb-l2 __complete WORD…`. The answer has the form
 * that programs made with Go's cobra give (candidates with their description behind a tab, then a directive),
 * so that kubectl, which asks its plugins in that way, understands it as well.
 */
import type { Command } from 'commander';
import { NAMESPACES, NODES, SERVICES } from '../../kube/core-types.js';
import type { KubeObject, ResourceType } from '../../kube/kube-api.js';
import { listAll } from '../../kube/list-all.js';
import type { CliPorts } from '../ports.js';
import { type GlobalOptions, type Session, withSession } from '../session.js';
import { type Candidate, type NameKind, completionOf, matching } from './candidates.js';

/** A user waits for this: rather nothing than late. */
const LIMIT_MS = 2000;

/** Cobra's directives: whether the shell may offer files. */
const NO_FILES = ':4';
const FILES = ':0';

export async function complete(program: Command, words: readonly string[], ports: CliPorts): Promise<void> {
  const completion = completionOf(program, words);
  const typed = words.at(-1) ?? '';
  if (completion.type === 'files') {
    ports.out.write(`${FILES}\n`);
    return;
  }
  const candidates =
    completion.type === 'candidates'
      ? completion.candidates
      : await knownNames(program, words, completion.kind, ports);
  const lines = matching(candidates, typed).map(({ text, description }) =>
    description === '' ? text : `${text}\t${description}`,
  );
  ports.out.write([...lines, NO_FILES, ''].join('\n'));
}

/** Empty when the cluster cannot be asked: this is no place to complain. */
async function knownNames(
  program: Command,
  words: readonly string[],
  kind: NameKind,
  ports: CliPorts,
): Promise<readonly Candidate[]> {
  const done = new AbortController();
  const late = new AbortController();
  ports.clock.sleep(LIMIT_MS, done.signal).then(
    () => late.abort(),
    () => undefined,
  );
  const signal = AbortSignal.any([ports.signal, late.signal]);
  try {
    return await withSession(ports, globalOptionsOf(program, words), (session) =>
      namesOf(session, kind, words.at(-1) ?? '', signal),
    );
  } catch {
    return [];
  } finally {
    done.abort();
  }
}

async function namesOf(
  { api, namespace }: Session,
  kind: NameKind,
  typed: string,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const names = async <T extends KubeObject>(
    type: ResourceType<T>,
    options: { namespace?: string; fieldSelector?: string } = {},
  ) => (await listAll(api, type, { ...options, signal })).items.map(({ metadata: { name = '' } }) => name);
  const plain = (text: string): Candidate => ({ text, description: '' });
  if (kind === 'node') return (await names(NODES)).map(plain);
  if (kind === 'namespace') return (await names(NAMESPACES)).map(plain);
  const slash = typed.indexOf('/');
  const within = slash === -1 ? namespace : typed.slice(0, slash);
  const { items } = await listAll(api, SERVICES, { namespace: within, signal });
  return items
    .filter(({ spec }) => spec?.type === 'LoadBalancer')
    .map(({ metadata: { name = '' } }) => plain(slash === -1 ? name : `${within}/${name}`));
}

/** The options of a line that is not finished yet: commander reads what it can and minds nothing. */
function globalOptionsOf(program: Command, words: readonly string[]): GlobalOptions {
  const value = (flags: readonly string[]): string | undefined => {
    const index = words.findIndex((word, at) => flags.includes(word) && at < words.length - 2);
    return index === -1 ? undefined : words[index + 1];
  };
  const found = Object.fromEntries(
    program.options.flatMap((option) => {
      const text = option.required ? value([option.short ?? '', option.long ?? '']) : undefined;
      return text === undefined ? [] : [[option.attributeName(), text]];
    }),
  ) as Partial<GlobalOptions>;
  return { ...program.opts<GlobalOptions>(), ...found };
}
