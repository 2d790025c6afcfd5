#!/bin/bash
# Watch a door open for the right person, and for nobody else: real clips, networks and MQTT, a simulated lock.
# Sets up what a bare Debian with Python lacks; works from any folder, and offline from the second run on.
# The words after it go to `faceplate demo`, for example --fast or --output DIR.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=$(python_from 3.11)
[ -n "$python" ] || { debian_packages python3 python3-venv; python=$(python_from 3.11); }
[ -n "$python" ] || fail "Python 3.11 or newer is needed (Debian 12 has it)"
debian_packages mosquitto mosquitto-clients
environment demo "$python" ""
exec "$root/.venv/demo/bin/faceplate" demo "$@"
