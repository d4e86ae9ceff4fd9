"""`upshot completion`: the script that lets a shell complete commands, recipes, options, groups, choices and keys.

The scripts hold no list: they hand the typed words to `upshot complete` and show its answers, so what is completed is what is installed
and what the project has. Where there is no answer the shell offers files, as it would have done.
"""

from __future__ import annotations

import argparse

_BASH = r"""
# bash: put  eval "$(upshot completion bash)"  into ~/.bashrc
_upshot() {
    # Bash splits words at = and : (COMP_WORDBREAKS); they are joined again where nothing stands between them.
    local line="${COMP_LINE:0:COMP_POINT}" words=() word index glued=""
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        ((index == COMP_CWORD)) && [[ $line =~ [[:space:]]$ ]] && word=""
        if [[ -n $glued && -n $word && $line != [[:space:]]* ]]; then
            words[${#words[@]} - 1]+="$word"
        else
            words+=("$word")
        fi
        line="${line#"${line%%[![:space:]]*}"}"
        line="${line#"$word"}"
        glued=yes
    done
    local typed="${words[${#words[@]} - 1]}" bare answer cut=""
    bare="${typed#[\"\']}"
    words[${#words[@]} - 1]="$bare"
    # What bash replaces begins after the last of its separators.
    for ((index = ${#bare} - 1; index >= 0; index--)); do
        if [[ ${bare:index:1} == [=:] && $COMP_WORDBREAKS == *"${bare:index:1}"* && $typed == "$bare" ]]; then
            cut="${bare:0:index+1}"
            break
        fi
    done
    COMPREPLY=()
    while IFS=$'\t' read -r answer _; do
        COMPREPLY+=("${answer#"$cut"}")
    done < <("${words[0]}" complete "${words[@]:1}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[.=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _upshot upshot
"""

_ZSH = r"""
#compdef upshot
# zsh: put  eval "$(upshot completion zsh)"  into ~/.zshrc, after compinit
_upshot() {
    local -a answers goes_on goes_on_said ends ends_said
    local line answer
    answers=("${(@f)$("${words[1]}" complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in "${answers[@]}"; do
        [[ -n $line ]] || continue
        answer="${line%%$'\t'*}"
        if [[ $answer == *[.=] ]]; then
            goes_on+=("$answer") goes_on_said+=("$answer  ${line#*$'\t'}")
        else
            ends+=("$answer") ends_said+=("$answer  ${line#*$'\t'}")
        fi
    done
    if (( ${#goes_on} + ${#ends} == 0 )); then
        _files
        return
    fi
    (( ${#goes_on} )) && compadd -l -S '' -d goes_on_said -a goes_on
    (( ${#ends} )) && compadd -l -d ends_said -a ends
    return 0
}
compdef _upshot upshot
"""

_FISH = r"""
# fish: put  upshot completion fish | source  into ~/.config/fish/config.fish
function __upshot_complete
    set -l words (commandline -opc)
    set -l answers ($words[1] complete $words[2..-1] (commandline -ct) 2>/dev/null)
    if test (count $answers) -gt 0
        string join \n -- $answers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c upshot -f -a '(__upshot_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("shell", choices=[*SCRIPTS], help="which shell")


def execute(arguments: argparse.Namespace) -> int:
    """Print the script; also make the index that answers are looked up in, so that the first TAB need not wait for it."""
    from upshot.catalogue import load_catalogue
    from upshot.cli.index import index_of

    print(SCRIPTS[arguments.shell].strip())
    index_of(load_catalogue())
    return 0
