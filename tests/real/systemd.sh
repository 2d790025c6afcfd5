#!/bin/bash
# The shipped units under a real systemd: a Debian of its own, booted in namespaces of this machine's kernel.
#
#   sudo tests/real/systemd.sh [FOLDER]
#
# By hand, not in continuous integration: it needs root, mmdebstrap, Python 3.11 with pip, and, the first time, the network.
# FOLDER (default: a temporary one, removed at the end) keeps the Debian and the wheels for the next run.
# Real: systemd as PID 1, its sandbox, watchdog and restarts, both users, the wheel in /opt/faceplate, networks, journal,
# MQTT by mosquitto. Stand-ins: the camera is a film, and the GPIO chip tests/fake_modules/gpiod, whose lines keep their
# level when a process dies.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
line=17 exit_line=5 release_time=4

# shellcheck source=tests/real/booted.sh
. "$repository/tests/real/booted.sh"

[ "$(id -u)" -eq 0 ] || fail "run this as root: it makes namespaces and users"
for program in mmdebstrap unshare nsenter pgrep python3; do
  command -v $program >/dev/null || fail "this program is needed: $program"
done
python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "Python 3.11 is needed, as Debian 12 has it: $(python3 -V)"

folder=${1:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  temporary=$folder
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
root=$folder/root
booted=
clean_up() {
  if [ -n "$booted" ]; then kill -KILL "$booted" 2>/dev/null || true; wait "$booted" 2>/dev/null || true; fi
  rm -rf "$root"
  if [ -n "${temporary:-}" ]; then rm -rf "$temporary"; fi
}
trap clean_up EXIT

say "a Debian with systemd, and the wheel with all it needs"
if [ ! -d "$folder/debian" ]; then
  mmdebstrap --quiet --variant=minbase \
    --include=systemd,dbus,python3,python3-venv,libpam-systemd,mosquitto,mosquitto-clients bookworm "$folder/debian"
fi
# Everything but our own wheel only once: a second run needs no network.
stamp=$(sha256sum <"$repository/pyproject.toml")
if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$folder/wheels" "$folder/pip"
  python3 -m venv "$folder/pip"
  "$folder/pip/bin/pip" install --quiet --disable-pip-version-check hatchling
  "$folder/pip/bin/pip" wheel --quiet --disable-pip-version-check --wheel-dir "$folder/wheels" "${repository}[pi]"
  echo "$stamp" >"$folder/stamp"
fi
rm -f "$folder"/wheels/faceplate-*
"$folder/pip/bin/pip" wheel --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation \
  --wheel-dir "$folder/wheels" "$repository"
rm -rf "$root"
cp -a "$folder/debian" "$root"
cp -a "$folder/wheels" "$root/opt/wheels"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin PIP_CONFIG_FILE=/dev/null "$@"; }
inside python3 -m venv /opt/faceplate
inside /opt/faceplate/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /opt/wheels 'faceplate[pi]'
rm -r "$root/opt/wheels"
ok "$(inside /opt/faceplate/bin/faceplate --version) in /opt/faceplate, installed without network"

say "users, configuration and units, as the README says"
inside groupadd --system gpio
inside useradd --system --groups gpio,video faceplate
inside useradd --system faceplate-bridge
inside useradd --system faceplate-kiosk
inside install -d -o faceplate -g faceplate -m 700 /var/lib/faceplate
inside install -d -o faceplate -g faceplate -m 750 /etc/faceplate
cat >"$root/config.yaml" <<END
camera: {driver: replay, source: /var/lib/faceplate/film}
access: {patience: 5.0}
vision: {liveness: "off"}  # the film shows a still picture
door: {driver: gpiozero, line: $line, release_time: $release_time, inputs: {exit: {line: $exit_line}}}
bridge: {host: localhost, port: 1883, tls: {enabled: false}}
END
inside install -o faceplate -g faceplate -m 640 /config.yaml /etc/faceplate/config.yaml
cp "$repository"/systemd/*.service "$root/etc/systemd/system/"
ok "$(inside id faceplate)"
ok "$(inside id faceplate-bridge)"

printf '127.0.0.1 localhost\n' >"$root/etc/hosts"

# The stand-ins. Their lines lie where the daemon may write.
cp -r "$repository/tests/fake_modules" "$root/opt/fake_modules"
mkdir -p "$root/etc/systemd/system/faceplate.service.d"
printf '[Service]\nEnvironment=PYTHONPATH=/opt/fake_modules FAKE_GPIO_DIR=/var/lib/faceplate/gpio\n' \
  >"$root/etc/systemd/system/faceplate.service.d/stand-in.conf"
inside install -d -o faceplate -g faceplate /var/lib/faceplate/gpio /var/lib/faceplate/gpio/gpiochip0 /var/lib/faceplate/film
lines=$root/var/lib/faceplate/gpio/gpiochip0
level() { cat "$lines/level-$line" 2>/dev/null || echo 0; }
is_locked() { [ "$(level)" = 0 ]; }
is_unlocked() { [ "$(level)" = 1 ]; }
printf 1 >"$lines/level-$exit_line" # pulled up: nobody presses it
chmod 666 "$lines/level-$exit_line"

# A man comes for 0.8 s and is gone for 11 s, again and again.
footage=$(inside /opt/faceplate/bin/python -c 'import faceplate, pathlib; print(pathlib.Path(faceplate.__file__).parent / "footage")')
film=$root/var/lib/faceplate/film
inside /opt/faceplate/bin/python - <<END
import cv2, pathlib
man = cv2.imread("$footage/man-2.jpg")
film = pathlib.Path("/var/lib/faceplate/film")
cv2.imwrite("/var/lib/faceplate/man.jpg", man)
cv2.imwrite("/var/lib/faceplate/empty.jpg", man * 0 + 128)
for number in range(9000):
    (film / f"{number:05}.jpg").symlink_to("/var/lib/faceplate/" + ("man.jpg" if number % 120 < 8 else "empty.jpg"))
END
inside chown -Rh faceplate:faceplate /var/lib/faceplate

say "boot"
boot # with a network of its own, in which nothing but this broker listens
until_ "the broker listens" 20 there mosquitto_pub -t test -m test

faceplate=/opt/faceplate/bin/faceplate
board=(PYTHONPATH=/opt/fake_modules FAKE_GPIO_DIR=/var/lib/faceplate/gpio)
status() { there $faceplate status --json; }
told() { there mosquitto_sub -W 2 -C 1 -t "faceplate/front-door/$1"; }

say "the lock"
expect "somebody is enrolled" there runuser -u faceplate -- $faceplate people add Daniel "$footage"/man-{1,2,3}.jpg
began=$EPOCHREALTIME
expect "systemctl start returns when the door is locked and served" there systemctl start faceplate
ok "that took $(awk "BEGIN { printf \"%.2f\", $EPOCHREALTIME - $began }") s; systemd says: $(property faceplate StatusText)"
expect "the line is low: locked" is_locked
ok "why it started: $(status | sed 's/.*"restart_reason": "\([a-z_]*\)".*/\1/')"
until_ "systemd hears of the first frames: guarding the door" 30 status_holds faceplate guarding
until_ "the man is let in" 30 is_unlocked
until_ "and the door locks behind him" 10 is_locked

say "the bridge"
expect "systemctl start returns" there systemctl start faceplate-bridge
until_ "it is connected" 20 status_holds faceplate-bridge connected
ok "faceplate/front-door/availability: $(told availability)"
ok "faceplate/front-door/daemon: $(told daemon)"
ok "faceplate/front-door/lock/state: $(told lock/state)"
ok "a row of the journal, by the control socket: $(there mosquitto_sub -W 20 -C 1 -t 'faceplate/front-door/event/access')"
expect "all that in a user namespace of its own (PrivateUsers=yes)" test "$(property faceplate-bridge PrivateUsers)" = yes

say "the page for a screen at the door"
words() { there python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:8321/words").read().decode())'; }
shows() { [[ $(words) == *"\"kind\": \"$1\""* ]]; }
expect "nobody started it" test "$(property faceplate-kiosk ActiveState) $(property faceplate-display ActiveState)" = "inactive inactive"
expect "systemctl start returns" there systemctl start faceplate-kiosk
expect "it serves" status_holds faceplate-kiosk serving
until_ "the man is welcomed" 30 shows welcome
ok "as $(words)"
expect "all that in a user namespace of its own (PrivateUsers=yes)" test "$(property faceplate-kiosk PrivateUsers)" = yes
kiosk_user() { there setpriv --reuid faceplate-kiosk --regid faceplate-kiosk --groups "$(there getent group faceplate | cut -d: -f3)" -- "$@"; }
refused "to ask for the status as its user" "may not" kiosk_user $faceplate status --json
refused "to unlock as its user" "may not" kiosk_user $faceplate unlock
there systemctl kill --signal=STOP --kill-whom=main faceplate
until_ "while the daemon stands still it is out of service" 5 shows out_of_service
there systemctl kill --signal=CONT --kill-whom=main faceplate
until_ "and then it is not" 20 shows idle

say "faceplate doctor"
there env "${board[@]}" $faceplate doctor | sed 's/^/   | /' || fail "the doctor found a fault"

say "what the bridge's user may do, in the bridge's own sandbox"
# The shipped unit, with another command.
as_bridge() {
  local unit=$root/run-as-bridge
  sed -e 's/^Type=.*/Type=oneshot/' -e '/^\(ExecStart\|Restart\|RestartSec\|WatchdogSec\|NotifyAccess\)=/d' \
    -e '/^StartLimitIntervalSec/d' "$repository/systemd/faceplate-bridge.service" >"$unit"
  # shellcheck disable=SC2129
  printf '[Service]\nExecStart=%s\nStandardOutput=file:/tmp/said\nStandardError=append:/tmp/said\n' "$*" >>"$unit"
  there install -m 644 /run-as-bridge /run/systemd/system/try-bridge.service
  there systemctl daemon-reload
  there rm -f /tmp/said
  local code=0
  there systemctl start try-bridge.service 2>/dev/null || code=1
  there cat /tmp/said 2>/dev/null || true
  return $code
}
expect "to ask for the status" as_bridge $faceplate status --json
refused "to unlock" "may not" as_bridge $faceplate unlock
refused "to end a lock-down" "may not" as_bridge $faceplate lockdown off
refused "to read who is enrolled" "" as_bridge $faceplate people list
refused "to read the journal's file" "" as_bridge $faceplate journal show
refused "to look into /var/lib/faceplate" "Permission denied" as_bridge /bin/ls /var/lib/faceplate
refused "to read the gallery's key" "Permission denied" as_bridge /bin/cat /etc/faceplate/gallery.key
refused "to write into the configuration" "" as_bridge /bin/touch /etc/faceplate/config.yaml
say "and without any sandbox, by modes and the daemon's rules alone"
bridge_user() { there setpriv --reuid faceplate-bridge --regid faceplate-bridge --groups "$(there getent group faceplate | cut -d: -f3)" -- "$@"; }
# What was refused above counts for many requests.
until_ "to ask for the status" 10 bridge_user $faceplate status --json
refused "to unlock" "may not" bridge_user $faceplate unlock
refused "to look into /var/lib/faceplate" "Permission denied" bridge_user ls /var/lib/faceplate
refused "to read the gallery's key" "Permission denied" bridge_user cat /etc/faceplate/gallery.key

say "SIGKILL of everything while the door is unlocked"
restarts() { property faceplate NRestarts; }
comes_back() { [ "$(restarts)" -gt "$before" ] && is_active faceplate; }
before=$(restarts)
until_ "the man is let in" 30 is_unlocked
there systemctl kill --signal=KILL --kill-whom=all faceplate 2>/dev/null || true # one that is dead already cannot be killed
until_ "locked by ExecStopPost" 5 is_locked
until_ "started again" 30 comes_back
expect "and locked" is_locked
ok "why it started: $(status | sed 's/.*"restart_reason": "\([a-z_]*\)".*/\1/')"
expect "the journal is whole" there runuser -u faceplate -- $faceplate journal verify

say "the loop hangs: a picture of the film that nobody ever writes (the loop waits in open(2); all else runs)"
until_ "the loop runs" 30 status_holds faceplate guarding
mkfifo "$root/var/lib/faceplate/nobody-writes"
chown --reference="$film" "$root/var/lib/faceplate/nobody-writes"
before=$(restarts) hung=$EPOCHREALTIME
cp -p "$root/var/lib/faceplate/man.jpg" "$root/var/lib/faceplate/man.kept"
mv "$root/var/lib/faceplate/nobody-writes" "$root/var/lib/faceplate/man.jpg"
sleep 8
expect "the control socket answers" status
ok "frames a second, as the status tells: $(status | sed 's/.*"fps": \([0-9.]*\).*/\1/'), camera $(status | sed 's/.*"camera": "\([a-z]*\)".*/\1/')"
expect "the door is locked" is_locked
printf 0 >"$lines/level-$exit_line"
until_ "the exit button is heard all the same" 2 is_unlocked
printf 1 >"$lines/level-$exit_line"
until_ "the watchdog ends it, and it is started again" 60 comes_back
ok "that was $(awk "BEGIN { printf \"%.0f\", $EPOCHREALTIME - $hung }") s after it hung; the door is $(level) (0: locked)"
there journalctl -q -u faceplate --no-pager -o cat >"$folder/log"
grep -E 'Watchdog timeout|with signal SIGABRT|Fatal Python error' "$folder/log" | sed 's/^/   | /'
grep -A 8 'in read_bytes' "$folder/log" | sed -e 's/^/   | /' -e 's,/opt/.*site-packages/,,' || fail "the log does not show where it hung"
mv "$root/var/lib/faceplate/man.kept" "$root/var/lib/faceplate/man.jpg"
there systemctl restart faceplate # with all its pictures again

say "the whole process stands still (SIGSTOP) while the door is unlocked"
before=$(restarts)
until_ "the man is let in" 30 is_unlocked
there systemctl kill --signal=STOP --kill-whom=main faceplate
until_ "its keeper locks when the lease is over" 10 is_locked
until_ "the watchdog ends it, and it is started again" 60 comes_back
# The film goes on, and its man may be let in again at once.
locks_first() {
  there journalctl -q -u faceplate --no-pager -o cat |
    awk '/Failed with result .watchdog/ { first = "" } /door_(un)?locked/ && !first { first = $0 } END { print first }' |
    grep -q 'door_locked (start)'
}
expect "which locks the door before anything else" locks_first

say "what it takes"
for unit in faceplate faceplate-bridge faceplate-kiosk; do
  for process in $(there cat "/sys/fs/cgroup$(property $unit ControlGroup)/cgroup.procs"); do
# shellcheck disable=SC2016 # awk's own
    ok "$unit: $(there awk '/^Name|^VmHWM|^Threads/ { printf "%s %s  ", $1, $2 }' "/proc/$process/status")($(
      there awk '/^Pss:/ { print $2 }' "/proc/$process/smaps_rollup") kB of its own share)"
  done
  ok "memory.peak of $unit: $(there cat "/sys/fs/cgroup$(property $unit ControlGroup)/memory.peak" 2>/dev/null ||
    echo 'this kernel lets no namespace count memory'), MemoryMax $(property $unit MemoryMax)"
done
for unit in faceplate faceplate-bridge faceplate-kiosk; do
  ok "$(there systemd-analyze security --no-pager "$unit" | grep -o 'Overall .*[0-9.]* [A-Z]*')"
done

say "what is left open in the lock's unit, and why: each in a drop-in, and what it breaks"
with_setting() {
  printf '[Service]\n%s\n' "$1" >"$root/etc/systemd/system/faceplate.service.d/try.conf"
  there systemctl daemon-reload
  there systemctl restart faceplate
}
there systemctl stop faceplate-bridge # what it asks would be in the way
with_setting PrivateUsers=yes
until_ "PrivateUsers=yes: the daemon starts" 30 status_holds faceplate guarding
refused "... and takes the bridge, and every operator, for nobody: an order" "nobody may not order" bridge_user $faceplate lock
printf 'a line' >"$root/opt/device"
inside chown root:gpio /opt/device
inside chmod 060 /opt/device
expect "... though its groups let it in: a file of the group gpio" \
  there systemd-run --quiet --wait -p PrivateUsers=yes -p User=faceplate -p SupplementaryGroups=gpio cat /opt/device
refused "... and no other does" "" there systemd-run --quiet --wait -p PrivateUsers=yes -p User=faceplate-bridge cat /opt/device
with_setting ProcSubset=pid
until_ "ProcSubset=pid: the daemon starts" 30 status_holds faceplate guarding
before=$(restarts)
there systemctl kill --signal=KILL --kill-whom=main faceplate
until_ "... and after a kill" 30 comes_back
main=$(property faceplate MainPID)
refused "... reading the kernel's boot id, by which a crash is told from a power cut," "No such file" \
  there nsenter -t "$main" -m cat /proc/sys/kernel/random/boot_id
refused "... reading /proc/cpuinfo, by which the network's kernels know an ARM processor," "No such file" \
  there nsenter -t "$main" -m cat /proc/cpuinfo
rm "$root/etc/systemd/system/faceplate.service.d/try.conf"
there systemctl daemon-reload
there systemctl restart faceplate

say "the doctor looks at all as root while the daemon is stopped, and leaves nothing that the daemon cannot use"
there systemctl stop faceplate
there env "${board[@]}" $faceplate doctor 2>/dev/null | grep -E '^(fault|warning|ok) +(daemon|permissions|camera|pins|journal) ' |
  cut -c 1-150 | sed 's/^/   | /' || fail "the doctor found a fault"
there systemctl start faceplate
until_ "the daemon guards the door" 30 status_holds faceplate guarding
until_ "the man is let in" 30 is_unlocked
[[ $(status) == *'"faults": []'* ]] || fail "it complains: $(status)"
ok "it complains of nothing"

say "an end in good order"
expect "systemctl stop" there systemctl stop faceplate-kiosk faceplate-bridge faceplate
expect "the door is locked" is_locked
ok "faceplate/front-door/availability: $(told availability)"
ok "how it ended: $(property faceplate Result), and of the bridge: $(property faceplate-bridge Result)"
say "all of it held"
