# Sets $python to the first Python that Studio runs on. Sourced by the commands beside it.
python=
for candidate in ${STUDIO_PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
    then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$(python3 -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null || echo "none")
    echo "Studio needs Python 3.11, 3.12 or 3.13 (found: $found): install one, or name it in STUDIO_PYTHON." >&2
    exit 1
fi
