# shellcheck shell=bash
# What this machine is, and what hangs on it; sourced, not run. Looks, and changes nothing.

found_driver='' found_source='' found_chip='' python=

# look_at_machine: tell it, stop where no door can be built on it, warn where it will be slow.
look_at_machine() {
  say "this machine"
  local architecture memory free
  architecture=$(uname -m)
  memory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
  free=$(df --output=avail -m "$(nearest "$releases")" | tail -n 1 | tr -d ' ')
  # shellcheck disable=SC1091 # the system's own
  tell "$(model), $(. /etc/os-release && echo "$PRETTY_NAME"), $architecture, $memory MB of memory, $free MB free on the disk"
  case $architecture in
    aarch64 | x86_64) ;;
    *) fail "$architecture is not enough: expected aarch64 or x86_64. On a Raspberry Pi 3 or newer write the 64-bit system to the card" ;;
  esac
  [ "$memory" -ge 450 ] || fail "$memory MB of memory are too little: expected 512 MB or more"
  [ "$memory" -ge 900 ] || warn "with so little memory run nothing else here, and expect to wait longer at the door"
  [ "$free" -ge 1500 ] || [ -L "$current" ] || fail "$free MB free are too little: expected 1500 MB. Make room, or take a larger card"
  [ "$free" -ge 700 ] || fail "$free MB free are too little to upgrade: expected 700 MB. Make room"
  [ -d /run/systemd/system ] || [ -n "$dry_run" ] || fail "systemd does not run here: nobody would start the door again when it fails"
  find_python
  find_camera
  find_chip
}

model() { tr -d '\0' 2>/dev/null </proc/device-tree/model || cat /sys/class/dmi/id/product_name 2>/dev/null || echo "a machine without a name"; }
is_pi() { [[ $(model) == *"Raspberry Pi"* ]]; }
nearest() { local place=$1; until [ -d "$place" ]; do place=${place%/*}; done 2>/dev/null; printf '%s' "${place:-/}"; }

# find_python: --python, or the first that is new enough; empty while it must still be installed.
find_python() {
  if [ -n "$chosen_python" ]; then
    python=$(command -v "$chosen_python") || fail "there is no such program: $chosen_python"
    python=$(readlink -f "$python")
    is_new_enough "$python" || fail "$chosen_python is $("$python" -V 2>&1): expected Python 3.11 or newer"
    case $python in
      /home/* | /root/*) fail "$python lies in a home folder, which the service may not enter. Put it below /opt (docs/install.md)" ;;
    esac
  else
    python=$(PATH=/usr/local/bin:/usr/bin:/bin python_from 3.11)
  fi
  if [ -n "$python" ]; then
    tell "$("$python" -V) at $python"
  elif command -v python3 >/dev/null; then
    old_python
  else
    tell "no Python yet"
  fi
}
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

old_python() {
  fail "this system has $(python3 -V), and 3.11 or newer is needed. Beside it, and without touching it:
       sudo apt install python3-pip && sudo pip3 install uv
       sudo env UV_PYTHON_INSTALL_DIR=/opt/python uv python install --no-bin 3.12
       sudo deploy/setup.sh --python \"\$(sudo env UV_PYTHON_INSTALL_DIR=/opt/python uv python find --managed-python 3.12)\""
}

# find_camera: the ribbon cable's, as libcamera sees it, before the first that Video4Linux can take pictures from.
find_camera() {
  local lister seen node
  for lister in "rpicam-hello --list-cameras" "cam --list"; do
    command -v "${lister%% *}" >/dev/null || continue
    seen=$($lister 2>&1 | grep -E '^ *[0-9]+ *:' || true)
    if [ -n "$seen" ] && is_pi; then
      found_driver=picamera2 found_source=$(grep -oE '[0-9]+' <<<"$seen" | head -n 1)
      [ "${lister%% *}" = rpicam-hello ] || found_source=$((found_source - 1)) # cam counts from one
      tell "camera, by libcamera: $(head -n 1 <<<"$seen")"
      return
    fi
  done
  for node in /dev/v4l/by-id/*-video-index0 /dev/video*; do
    if [ -e "$node" ] && captures "$node"; then
      found_driver=opencv found_source=$node
      tell "camera, by Video4Linux: $node"
      return
    fi
  done
  warn "no camera is seen. Look at its cable, and at docs/cameras.md; it may also come later"
}

# captures NODE: it gives pictures (VIDIOC_QUERYCAP; device_caps, V4L2_CAP_VIDEO_CAPTURE), and is no decoder.
captures() {
  [ -n "$python" ] || return 1
  "$python" - "$1" 2>/dev/null <<'PYTHON'
import fcntl, struct, sys
told = bytearray(104)
with open(sys.argv[1], "rb") as node:
    fcntl.ioctl(node, 0x80685600, told)
(able,) = struct.unpack_from("=I", told, 88)
sys.exit(not (able & 0x1 and not able & 0x8000))
PYTHON
}

# find_chip: the one with the header's pins.
find_chip() {
  local chip
  for chip in /sys/bus/gpio/devices/gpiochip*; do
    [ -e "$chip" ] || continue
    case $(cat "$chip/of_node/compatible" "$chip/device/of_node/compatible" 2>/dev/null | tr '\0' ' ') in
      *rp1* | *bcm2711-gpio* | *bcm2835-gpio* | *tegra*-gpio*) found_chip=/dev/${chip##*/}; break ;;
    esac
  done
  if [ -z "$found_chip" ] && [ -e /dev/gpiochip0 ]; then found_chip=/dev/gpiochip0; fi
  if [ -n "$found_chip" ]; then tell "GPIO: $found_chip"; else warn "no GPIO chip is seen: no lock can be wired to this machine"; fi
}

# find_broker: HOST:PORT of an MQTT broker that answers; nothing if none does.
find_broker() {
  local host port
  {
    if command -v avahi-browse >/dev/null; then
      timeout 5 avahi-browse --resolve --parsable --terminate _mqtt._tcp 2>/dev/null |
        awk -F';' '$1 == "=" && $3 == "IPv4" { print $8, $9 }'
    fi
    for host in homeassistant.local localhost; do for port in 8883 1883; do echo "$host $port"; done; done
  } | while read -r host port; do
    # shellcheck disable=SC2016 # the inner shell's own
    if timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port" 2>/dev/null; then
      printf '%s' "$host:$port"
      break
    fi
  done
}
