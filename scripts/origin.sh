# Where a figure comes from: sourced by every script that writes one into docs/measurements/. It runs nothing by itself.

# What was measured on: processors, memory, kernel.
machine() {
    local model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    echo "$(nproc) × ${model:-unknown processor}, $(free -g | awk '/^Mem:/ {print $2}') GiB, Linux $(uname -r)"
}

# What was measured, and whether anything had been changed since; what the script itself writes does not count.
commit() { echo "$(git rev-parse --short HEAD)$(git diff --quiet HEAD -- . ${OUT:+":!$OUT"} || echo " with changes")"; }

# All of it as one sentence, for the script named.
origin() {
    echo "Made by \`$1\`. Commit $(commit), $(date -u +%F), $(machine), $(rustc --version | cut -d' ' -f1,2)."
}
