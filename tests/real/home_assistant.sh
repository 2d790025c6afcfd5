#!/bin/sh
# The door in a real Home Assistant: every entity, order, outage, blueprint and the dashboard. By hand, as root, on Debian with
# mmdebstrap and mosquitto; with --picture also chromium and chromium-driver. The first run installs Home Assistant (five minutes).
#
#   tests/real/home_assistant.sh [--root FOLDER] [--python PYTHON] [other options of home_assistant.py]
#
# --root    Debian root for Home Assistant, made if it is not there (default: ~/.cache/faceplate/home-assistant)
# --python  Python with the development environment (default: python3)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
root=$HOME/.cache/faceplate/home-assistant
python=python3
while [ $# -gt 0 ]; do
    case $1 in
        --root) root=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        *) break ;;
    esac
done
if [ "$(id -u)" -ne 0 ]; then
    echo "$0: expected to be run by root, who may make a Debian root and enter it; you are $(id -un)" >&2
    exit 2
fi

if [ ! -x "$root/opt/ha/bin/hass" ]; then
    mkdir -p "$root"
    # gcc and the headers: some of Home Assistant's dependencies have no wheel.
    [ -d "$root/etc" ] || mmdebstrap --variant=minbase --include=python3,python3-venv,python3-dev,gcc,g++,ca-certificates trixie "$root"
    for file in /etc/resolv.conf /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp "$file" "$root$file"
    done
    unshare --mount sh -eu -c '
        mount --bind /dev "$1/dev"
        mount -t proc proc "$1/proc"
        chroot "$1" sh -euc "
            export HOME=/root SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
            python3 -m venv /opt/ha
            /opt/ha/bin/pip install -q uv
            /opt/ha/bin/uv pip install -q --python /opt/ha/bin/python homeassistant \"paho-mqtt>=2.1\" \
                home-assistant-frontend home-assistant-intents hassil mutagen ha-ffmpeg PyTurboJPEG"
    ' sh "$root"
fi

PYTHONPATH=$top/daemon:$top/tests:$here exec "$python" "$here/home_assistant.py" --root "$root" \
    --transcript "$top/docs/home-assistant-run.txt" "$@"
