# shellcheck shell=bash
# What the scripts beside this file share; sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# debian_packages PACKAGE...: install those that are missing. Does nothing, and needs no network, when all are there.
debian_packages() {
  local missing=() package as_root=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing Debian packages: ${missing[*]}"
  command -v apt-get >/dev/null || fail "these programs are needed: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run this as root once, or: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  # Not the services: the broker that the demo and the tests use is their own.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq install --no-install-recommends -y "${missing[@]}" >/dev/null
}

# python_from 3.11: the first Python on this machine that is new enough; nothing if there is none.
python_from() {
  local wanted=$1 candidate
  for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$wanted'.split('.'))))" 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
}

# environment NAME PYTHON WHAT [PIP WORD...]: a virtual environment .venv/NAME with WHAT of this project installed.
# Made anew only when pyproject.toml, the Python or the words have changed, so that a second run needs no network.
environment() {
  local name=$1 python=$2 what=$3 folder stamp
  shift 3
  folder=$root/.venv/$name
  stamp=$({ cat "$root/pyproject.toml"; "$python" -VV; echo "$what" "$@" "$root"; } | sha256sum)
  if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
    say "making the Python environment .venv/$name (once; needs the network)"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || debian_packages python3-venv
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root$what"
    if [ $# -gt 0 ]; then
      "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
    echo "$stamp" >"$folder/stamp"
  fi
}
