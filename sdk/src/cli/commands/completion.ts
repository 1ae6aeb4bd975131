/** `completion`: the script that makes a shell complete this program's lines. */
import { Argument } from 'commander';
import { SHELLS, type Shell, completionScript } from '../completion/scripts.js';
import type { AddCommand } from './command.js';

export const addCompletion: AddCommand = (program, ports) => {
  program
    .command('completion')
    .description('a script that makes your shell complete commands, options and names of services')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
bash:  source <(metallb-l2 completion bash)
zsh:   source <(metallb-l2 completion zsh)
fish:  metallb-l2 completion fish | source

For \`kubectl l2\` nothing more is needed than kubectl's own completion: it asks kubectl_complete-l2.`,
    )
    .action((shell: Shell) => ports.out.write(completionScript(shell)));
};
