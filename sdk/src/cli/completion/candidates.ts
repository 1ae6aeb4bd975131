/**
 * What can stand at the end of a command line, read off the tree of commands. Names that only the cluster
 * knows are left to the caller.
 */
import type { Command, Option } from 'commander';

export interface Candidate {
  readonly text: string;
  readonly description: string;
}

/** Names the cluster knows. */
export type NameKind = 'service' | 'namespace' | 'node';

export type Completion =
  | { readonly type: 'candidates'; readonly candidates: readonly Candidate[] }
  | { readonly type: 'names'; readonly kind: NameKind }
  | { readonly type: 'files' };

const VALUES_OF_OPTIONS: Readonly<Record<string, Completion>> = {
  namespace: { type: 'names', kind: 'namespace' },
  metallbNamespace: { type: 'names', kind: 'namespace' },
  node: { type: 'names', kind: 'node' },
  not: { type: 'names', kind: 'node' },
  kubeconfig: { type: 'files' },
};

/** @param words the command line without the program's name; the last one, often empty, is to be completed */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const before = words.slice(0, -1);
  let command = program;
  let position = 0;
  let expecting: Option | undefined;
  for (const word of before) {
    if (expecting) {
      expecting = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(program, command).find(({ short, long }) => word === short || word === long);
      if (option?.required === true) expecting = option;
    } else {
      const child = command === program && program.commands.find((each) => each.name() === word);
      if (child) command = child;
      else position++;
    }
  }
  const current = words.at(-1) ?? '';
  return expecting ? valuesOf(expecting) : nextWords(program, command, position, current);
}

/** Those of `candidates` that go on from what is typed. */
export function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ text }) => text.startsWith(typed));
}

function nextWords(program: Command, command: Command, position: number, current: string): Completion {
  if (current.startsWith('-')) {
    const options = optionsOf(program, command).filter(({ hidden }) => !hidden);
    return fixed(options.map(({ long, short, description }) => [long ?? short ?? '', description]));
  }
  if (command === program) {
    return fixed(program.commands.map((each) => [each.name(), each.description()]));
  }
  const argument = command.registeredArguments[position];
  if (argument?.name() === 'service') return { type: 'names', kind: 'service' };
  return fixed((argument?.argChoices ?? []).map((choice) => [choice, '']));
}

function valuesOf(option: Option): Completion {
  return (
    VALUES_OF_OPTIONS[option.attributeName()] ?? fixed((option.argChoices ?? []).map((each) => [each, '']))
  );
}

function optionsOf(program: Command, command: Command): Option[] {
  return [...new Set([...command.options, ...program.options])];
}

function fixed(entries: readonly (readonly [string, string])[]): Completion {
  return { type: 'candidates', candidates: entries.map(([text, description]) => ({ text, description })) };
}
