#!/bin/sh
# A guided enrolment in a real terminal, before a film as camera, with its page in a real browser. By hand, as root, on Debian
# with tmux, chromium and chromium-driver; a minute or two. In a network of its own, so that there is a local address.
#
#   tests/real/enrolment.sh [--python PYTHON] [other options of enrolment.py]
#
# --python  Python with the development environment (default: python3)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
python=python3
if [ "${1:-}" = --python ]; then
    python=$2
    shift 2
fi
for program in tmux chromium chromedriver; do
    if ! command -v "$program" >/dev/null; then
        echo "$0: there is no $program: apt-get install tmux chromium chromium-driver" >&2
        exit 2
    fi
done

PYTHONPATH=$top/daemon:$top/tests:$here exec unshare --net sh -eu -c '
    ip link set lo up
    ip address add 192.168.77.1/24 dev lo
    ip route add default dev lo src 192.168.77.1
    exec "$@"
' sh "$python" "$here/enrolment.py" --transcript "$top/docs/enrolment-run.txt" --picture "$top/docs/enrolment-page.jpg" "$@"
