/**
 * Completion for bash 4 and later. Our own, because the library's evaluates what was typed, so that a TAB
 * behind `$(…)` would run it, and needs the package bash-completion.
 */
export const BASH_SCRIPT = String.raw`# bash completion for jam. Load it with: source <(jam completion bash)
_jam() {
    local cur=$2 line value directive=4 i last=-1
    local -a words=()
    COMPREPLY=()
    # bash splits --output=json at the equals sign; jam takes it as one word.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        if ((last >= 0)) && [[ \${COMP_WORDS[i]} == "=" || \${COMP_WORDS[i - 1]} == "=" ]]; then
            words[last]+=\${COMP_WORDS[i]}
        else
            words[++last]=\${COMP_WORDS[i]}
        fi
    done
    [[ $cur == "=" ]] && cur=""
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=\${line#:}
        else
            value=\${line%%$'\t'*}
            [[ $value == "$cur"* ]] && COMPREPLY+=("$value")
        fi
    done < <("$1" complete -- "\${words[@]}" 2>/dev/null)
    case $directive in
        0) compopt -o default ;;
        16) compopt -o dirnames ;;
    esac
}
complete -F _jam jam
`.replaceAll("\\${", "${");
