# What scripts/bench-link and scripts/bench-peers have in common: they source it, and it runs nothing by itself.

source scripts/origin.sh

# The number of rounds that was asked for, three if none; or what the script that sources this says of itself.
rounds() {
    local asked=${1:-3}
    if [[ ! $asked =~ ^[1-9][0-9]?$ ]]; then
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "scripts/${0##*/}" >&2
        return 2
    fi
    echo "$asked"
}

# The first value of a key in this text.
value() { sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" <<<"$1" | head -n 1; }

rounded() { printf "%.$2f" "$1"; }

# The rows of a report of the harness, as a table.
table() {
    local at row
    echo "| variant | p50 µs | p99 µs | p99.9 µs | p50 ÷ raw | p99 ÷ raw | CPU µs | lost |"
    echo "|---|---|---|---|---|---|---|---|"
    grep -n '"name":' "$1" | cut -d: -f1 | while read -r at; do
        row=$(sed -n "$at,$((at + 7))p" "$1")
        echo "| \`$(value "$row" name)\` | $(rounded "$(value "$row" p50_us)" 1) | $(rounded "$(value "$row" p99_us)" 1) |" \
            "$(rounded "$(value "$row" p999_us)" 1) | $(rounded "$(value "$row" ratio_p50)" 2) |" \
            "$(rounded "$(value "$row" ratio_p99)" 2) | $(rounded "$(value "$row" cpu_us)" 1) | $(value "$row" lost) |"
    done
}
