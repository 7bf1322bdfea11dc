# Counts the words of every file that it finds; it knows no other folder than its first argument.
set -eu
find "$1/in" -type f -name '*.txt' | sort | while read -r file; do
    echo "$(wc -w < "$file") ${file#"$1"/}"
done > "$1/out/counts.txt"
