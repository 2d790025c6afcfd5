#!/bin/bash
# The wheel on aarch64, as a Pi has it: installed by that machine's own Python, and the demo's clip decided as on this one.
#
#   sudo tests/real/aarch64.sh [FOLDER]
#
# By hand, not in continuous integration: it needs mmdebstrap, Python 3.11 with venv, and the network; ten minutes. Debian 12
# (Python 3.11, tflite-runtime) and Debian 13 (Python 3.13, LiteRT) for arm64 under qemu-user: the instructions are emulated,
# so the results are a board's and the speed is not.
# FOLDER (default: a temporary one, removed at the end) keeps the Debians and the packages for the next run.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
footage=$repository/daemon/faceplate/footage

say() { printf '\n== %s\n' "$*"; }
ok() { printf '   ok  %s\n' "$*"; }
fail() {
  printf '   FAILED  %s\n' "$*"
  exit 1
}

for program in mmdebstrap python3; do
  command -v $program >/dev/null || fail "this program is needed: $program"
done
python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "Python 3.11 is needed, as Debian 12 has it: $(python3 -V)"

folder=${1:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

# debian ARCHITECTURE SUITE NAME PACKAGES: its files, unpacked.
debian() {
  [ -e "$folder/$3/done" ] && return
  rm -rf "${folder:?}/$3"
  mmdebstrap --quiet --arch="$1" --variant=extract --keyring=/usr/share/keyrings --include="$4" "$2" "$folder/$3"
  local name
  for name in bin sbin lib; do
    [ -e "$folder/$3/$name" ] || ln -s "usr/$name" "$folder/$3/$name"
  done
  touch "$folder/$3/done"
}

say "an emulator, two Debians for arm64, and the wheel"
debian amd64 trixie qemu qemu-user  # Debian 12's is too old for LiteRT's instructions
qemu=$folder/qemu/usr/bin/qemu-aarch64
ok "$("$qemu" --version | head -n 1)"
libraries=python3,libpython3-stdlib,libgcc-s1,libstdc++6,ca-certificates
debian arm64 bookworm bookworm "$libraries"
debian arm64 trixie trixie "$libraries"
# Nothing of aarch64 can be started by another program here, so pip runs in the emulated Python itself; wheels need no more.
[ -e "$folder/pip" ] || { python3 -m venv "$folder/pip" && "$folder/pip/bin/pip" install --quiet --disable-pip-version-check hatchling; }
rm -f "$folder"/faceplate-*.whl
"$folder/pip/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$folder" "$repository"
wheel=$(echo "$folder"/faceplate-*.whl)
ok "$(basename "$wheel")"

# emulated SUITE PYTHON WORD...: the Debian's own Python.
emulated() {
  local root=$folder/$1 python=$2
  shift 2
  env -i PATH=/usr/bin:/bin HOME="$folder" LC_ALL=C.UTF-8 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PYTHONPATH="${paths:-$root/opt/site}" "$qemu" -L "$root" "$root/usr/bin/$python" "$@"
}

# decisions NAME COMMAND...: Daniel is enrolled, the clip replayed; what was decided goes to NAME.decisions.
decisions() {
  local name=$1 house=$folder/house-$1
  shift
  rm -rf "$house"
  mkdir "$house"
  cat >"$house/config.yaml" <<END
people: {store: people, key_file: gallery.key}
journal: {path: journal.sqlite3, key_file: journal.key}
vision: {runtime: $runtime, liveness: "off"}
END
  "$@" -m faceplate people add Daniel "$footage"/man-[123].jpg --config "$house/config.yaml" >"$house/enrolled" 2>"$house/log" || fail "$(cat "$house/log")"
  ok "$name: $(tail -n 1 "$house/enrolled")"
  "$@" -m faceplate replay "$footage/man-and-woman.mp4" --json --config "$house/config.yaml" \
    >"$folder/$name.decisions" 2>"$house/log" || fail "$(cat "$house/log")"
}

say "this machine: $(uname -m), LiteRT"
python3 -m venv "$folder/here"
"$folder/here/bin/pip" install --quiet --disable-pip-version-check --force-reinstall "$wheel"
runtime=litert
decisions here "$folder/here/bin/python"
ok "$(wc -l <"$folder/here.decisions") events"

for suite in bookworm trixie; do
  case $suite in
    bookworm) python=python3.11 runtime=tflite-runtime what="$wheel[tflite-runtime,pi]" ;;
    trixie) python=python3.13 runtime=litert what="$wheel[pi]" ;;
  esac
  say "Debian ${suite^} on aarch64, Python ${python#python}, $runtime"
  rm -rf "$folder/$suite/opt/site"
  began=$SECONDS
  paths=$(echo "$folder"/pip/lib/python3.11/site-packages) \
    emulated $suite $python -m pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: \
    --target "$folder/$suite/opt/site" "$what" 2>&1 | { grep -v -i 'warning' || true; }
  ok "installed by its own pip in $((SECONDS - began)) s: $(emulated $suite $python -m faceplate --version), $(emulated $suite $python -c 'import platform; print(platform.machine(), platform.python_version())')"
  decisions $suite emulated $suite $python
  python3 - "$folder/here.decisions" "$folder/$suite.decisions" <<'END' || fail "not as on this machine"
import json, sys
here, there = ([json.loads(line) for line in open(path, encoding="utf-8")] for path in sys.argv[1:])
def told(row):
    return {key: value for key, value in row.items() if not isinstance(value, float) or key == "time"}
for a, b in zip(here, there, strict=True):
    if told(a) != told(b):
        print(f"   here  {a}\n   there {b}")
        sys.exit(1)
scores = [(a[key], b[key]) for a, b in zip(here, there) for key, value in a.items() if isinstance(value, float) and key != "time"]
furthest = max((abs(a - b) for a, b in scores), default=0.0)
print(f"   ok  the same {len(here)} events on the same frames, about the same people, for the same reasons")
print(f"   ok  {len(scores)} figures of theirs differ by {furthest:.4f} at most")
sys.exit(not here)
END
done
say "all as on this machine"
