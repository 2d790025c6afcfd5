#!/bin/bash
# Everything that must hold before a change lands: style, types, the direction of imports, and the tests, on both
# TFLite runtimes. Sets up what a bare Debian with Python lacks; works from any folder, and offline from the second run on.
# FACEPLATE_DATA=DIR adds the tests that need the research pictures (docs/measurements.md).
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

python=$(python_from 3.11)
[ -n "$python" ] || { debian_packages python3 python3-venv; python=$(python_from 3.11); }
[ -n "$python" ] || fail "Python 3.11 or newer is needed (Debian 12 has it)"
debian_packages mosquitto mosquitto-clients openssl strace espeak-ng systemd shellcheck

# picamera2 without what it depends on: libcamera exists on a Pi only, and the tests read the source.
environment test "$python" "[dev,trainer]" --no-deps picamera2
bin=$root/.venv/test/bin

other_runtime=
making=
if python311=$(command -v python3.11) && "$python311" -c '' 2>/dev/null; then
  environment tflite-runtime "$python311" "[tflite-runtime,pi]" 'pytest>=8.3' 'pytest-xdist>=3.6' 'hypothesis>=6.115' 'tqdm>=4.66' 'jsonschema>=4.23' &
  making=$!
  # Exports are tried in both runtimes, too.
  other_runtime=$root/.venv/tflite-runtime/bin/python
  export FACEPLATE_TFLITE_RUNTIME=$other_runtime
fi

say "style, types and imports"
"$bin/ruff" format --check --quiet .
"$bin/ruff" check --quiet .
"$bin/mypy"
"$bin/lint-imports" --no-cache
[ -z "$making" ] || wait "$making"

# What computes is spread over the processors and runs in the background, at the lowest priority. What runs whole daemons
# and brokers, and is given so long to answer, waits most of its time and is served first, one test after the other.
processors=$(nproc)
export PYTHONHASHSEED=0 # every process must find the same tests in the same order, sets among their values or not
spread=(-n "$((processors < 4 ? processors : 4))" --dist loadfile --no-loadscope-reorder)

words=("$@")
# Runs tests; where words chose some, a part that has none of them is no failure (pytest's code 5).
tests() {
  local code=0
  "$1" -m pytest -q "${@:2}" "${words[@]}" || code=$?
  [ "$code" -eq 0 ] || { [ "$code" -eq 5 ] && [ "${#words[@]}" -gt 0 ]; }
}

tests_that_compute() {
  local part same code=0
  say "tests on LiteRT"
  tests "$bin/python" "${spread[@]}" --ignore tests/end_to_end || code=1
  if [ -z "$other_runtime" ]; then
    say "no Python 3.11 on this machine: the tests on tflite-runtime, which exists for no newer one, are left out"
    return "$code"
  fi
  say "tests on tflite-runtime 2.14"
  # What decides, tells and locks knows no arrays, and scripts and processes no runtime: they are the same on both.
  same=(--ignore tests/deploy)
  for part in access_ archive bad_input bridge bundle. check_gallery config control daemon_leases discovery docs doctor door \
    enrolling_page failures files fuzz household imports journal kills kiosk leases lock_drivers mqtt orders package panels \
    power reception recorder restart rings risk screen sd_card seal settings snapshot standing strict_json switches visit \
    voice; do
    same+=(--ignore-glob "tests/*/test_$part*")
  done
  # What holds of any example was tried on more of them above.
  FACEPLATE_TEST_RUNTIME=tflite-runtime FACEPLATE_EXAMPLES=25 \
    tests "$other_runtime" "${spread[@]}" -m "not trainer and not mosquitto and not once" "${same[@]}" || code=1
  return "$code"
}

said=$(mktemp)
set -m # a group of its own, which can be ended as one
(
  renice -n 19 "$BASHPID" >/dev/null
  tests_that_compute
) >"$said" 2>&1 &
computing=$!
set +m
trap 'kill -- "-$computing" 2>/dev/null || true; rm -f "$said"' EXIT

code=0
say "tests on LiteRT, end to end; those that compute in the background"
tests "$bin/python" tests/end_to_end || code=1
tail --lines=+1 --follow --pid="$computing" "$said"
wait "$computing" || code=1
exit "$code"
