# Completion of limactl for bash 3.2 or newer: source this file, or put it where bash-completion looks.

_limactl() {
    # Readline splits at '=' and ':'. Put together again what stands together on the line.
    local rest=$COMP_LINE trimmed word i last=-1
    local -a typed
    typed=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        trimmed=${rest#"${rest%%[![:space:]]*}"}
        if ((i > 0)) && [[ $trimmed == "$rest" && -n $word ]]; then
            typed[last]+=$word
        else
            ((last += 1))
            typed[last]=$word
        fi
        rest=${trimmed#"$word"}
    done

    local current=${typed[last]} directive=4 value description line glued=
    case $current in
        # Behind a quote readline splits nothing, and puts the quote back itself.
        [\'\"]*) typed[last]=${current:1} ;;
        *)
            # What is offered behind --flag= is the value alone, of which readline knows the last part.
            [[ $current == -*=* ]] && current=${current#*=}
            for ((i = ${#current}; i > 0; i--)); do
                word=${current:i-1:1}
                if [[ $word == [=:] && $COMP_WORDBREAKS == *"$word"* ]]; then
                    glued=${current:0:i}
                    break
                fi
            done
            ;;
    esac

    COMPREPLY=()
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        description=
        [[ $line == *$'\t'* ]] && description=${line#*$'\t'}
        case $line in
            :*) directive=${line#:} ;;
            *)
                value=${value#"$glued"}
                # Only a list that is looked at, and not inserted, has room for descriptions.
                [[ $COMP_TYPE == 63 && -n $description ]] && value="$value  ($description)"
                COMPREPLY+=("$value")
                ;;
        esac
    done < <("${typed[0]}" __complete "${typed[@]:1}" 2>/dev/null)

    if type compopt >/dev/null 2>&1; then
        ((directive & 2)) && compopt -o nospace
        ((directive & 4)) && compopt +o default +o bashdefault
    fi
    return 0
}

complete -o default -o bashdefault -F _limactl limactl
