/** What a shell has to be told so that it asks the program itself how a line could go on. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell].trimStart();
}

const SCRIPTS: Record<Shell, string> = {
  bash: `
# To be read by bash: source <(metallb-l2 completion bash)
_metallb_l2() {
    local line
    local -a words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :0) compopt -o default ;;
            :*) ;;
            *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
        esac
    done < <(metallb-l2 __complete "\${words[@]}" 2>/dev/null)
}
complete -F _metallb_l2 metallb-l2
`,
  zsh: `
#compdef metallb-l2
# To be read by zsh: source <(metallb-l2 completion zsh)
_metallb_l2() {
    local line text
    local -a candidates
    for line in "\${(@f)$(metallb-l2 __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            :0) _files; return ;;
            :*) ;;
            *$'\\t'*) text=\${line%%$'\\t'*}; candidates+=("\${text//:/\\\\:}:\${line#*$'\\t'}") ;;
            ?*) candidates+=("\${line//:/\\\\:}") ;;
        esac
    done
    _describe 'metallb-l2' candidates
}
compdef _metallb_l2 metallb-l2
`,
  fish: `
# To be read by fish: metallb-l2 completion fish | source
function __metallb_l2_complete
    set -l words (commandline -opc) (commandline -ct)
    metallb-l2 __complete $words[2..] 2>/dev/null | string match --invert --regex '^:'
end
complete -c metallb-l2 -f -a '(__metallb_l2_complete)'
complete -c metallb-l2 -l kubeconfig -r -F
`,
};
