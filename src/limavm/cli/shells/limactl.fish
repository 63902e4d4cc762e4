# Completion of limactl for fish: save as ~/.config/fish/completions/limactl.fish.

function __limactl_candidates
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive (string replace -r '^:' '' -- $lines[-1])
    # The candidates of --flag=… are values only, and fish wants whole words.
    set -l flag (string match -r -- '^-[^=]*=' "$current")
    for line in $lines[1..-2]
        echo -- "$flag$line"
    end
    if test (count $lines) -le 1; and test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path "$current"
    end
end

complete --command limactl --erase
complete --command limactl --no-files --keep-order --arguments '(__limactl_candidates)'
