#compdef limactl
# Completion of limactl for zsh: save as _limactl in a directory of $fpath, or source it after compinit.

_limactl() {
    local line directive=4
    local -a values shown space
    for line in "${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        if [[ $line == :* ]]; then
            directive=${line#:}
        elif [[ -n $line ]]; then
            values+=("${line%%$'\t'*}")
            if [[ $line == *$'\t'* ]]; then
                shown+=("${line%%$'\t'*}  -- ${line#*$'\t'}")
            else
                shown+=("$line")
            fi
        fi
    done

    # The candidates of --flag=… are values only.
    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    ((directive & 2)) && space=(-S '')
    if (($#values)); then
        compadd "${space[@]}" -l -V limactl -d shown -a values
    elif ((!(directive & 4))); then
        _files
    fi
}

if [[ $funcstack[1] == _limactl ]]; then
    _limactl "$@"
else
    compdef _limactl limactl
fi
