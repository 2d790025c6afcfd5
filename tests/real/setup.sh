#!/bin/bash
# deploy/setup.sh in a bare Debian with a real systemd: installs, upgrades, goes back, is cut off, and removes itself.
#
#   sudo tests/real/setup.sh [FOLDER [SUITE]]
#
# By hand, not in continuous integration: it needs root, mmdebstrap, Python 3 with pip, and, the first time, the network.
# FOLDER (default: a temporary one, removed at the end) keeps the Debian and the wheels for the next run. SUITE: bookworm.
# SEED=N repeats the random moments of an earlier run. INTERRUPTIONS=N: how many (default: 10). PARTS="whole_life brought_back cut_at_every_step interrupted".
# Real: systemd, apt, users, pip, networks, journal, MQTT by mosquitto. Stand-ins: the camera is a film, and the GPIO chip
# tests/fake_modules/gpiod. There is no network inside: apt has what it needs in its cache, and pip a folder of wheels.
# shellcheck disable=SC2317 # conditions are called by their names
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/real/booted.sh
. "$repository/tests/real/booted.sh"
line=17 release_time=4 suite=${2:-bookworm} interruptions=${INTERRUPTIONS:-10} seed=${SEED:-$RANDOM}

[ "$(id -u)" -eq 0 ] || fail "run this as root: it makes namespaces and users"
for program in mmdebstrap unshare nsenter pgrep python3 git; do
  command -v $program >/dev/null || fail "this program is needed: $program"
done

folder=${1:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  temporary=$folder
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
root=$folder/root
clean_up() {
  if [ -n "${watch:-}" ]; then kill "$watch" 2>/dev/null || true; fi
  halt
  rm -rf "$root"
  if [ -n "${temporary:-}" ]; then rm -rf "$temporary"; fi
}
trap clean_up EXIT

say "a bare Debian ($suite) with systemd, and wheels of all that is needed"
debian=$folder/$suite
if [ ! -e "$debian.whole" ]; then
  rm -rf "$debian"
  mmdebstrap --quiet --variant=minbase --skip=cleanup/apt \
    --include=systemd,dbus,python3,libpam-systemd,mosquitto,mosquitto-clients "$suite" "$debian"
  chroot "$debian" apt-get -qq -y --download-only --no-install-recommends install python3-venv
  touch "$debian.whole"
fi
stamp=$(sha256sum <"$repository/pyproject.toml")
wheels=$folder/wheels-$suite
if [ "$(cat "$wheels.stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$wheels" "$folder/pip"
  python3 -m venv "$folder/pip"
  version=$(chroot "$debian" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  pip=("$folder/pip/bin/pip" --quiet --disable-pip-version-check)
  "${pip[@]}" wheel --no-deps --wheel-dir "$folder/ours" "$repository"
  "${pip[@]}" download --python-version "$version" --only-binary :all: --dest "$wheels" "$(echo "$folder"/ours/faceplate-*.whl)[pi]" hatchling
  rm -r "$folder/ours" "$wheels"/faceplate-*
  echo "$stamp" >"$wheels.stamp"
fi
rm -rf "$root"
cp -a "$debian" "$root"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
cp -r "$wheels" "$root/srv/wheels"

# tree NAME [VERSION]: this repository as a clone would have it, of that version.
tree() {
  mkdir -p "$root/srv/$1"
  git -C "$repository" ls-files -z --cached --others --exclude-standard -- daemon trainer deploy systemd config.yaml pyproject.toml README.md LICENSE CHANGELOG.md |
    tar -C "$repository" --null --files-from=- --create | tar -C "$root/srv/$1" --extract --no-same-owner
  if [ -n "${2:-}" ]; then sed -i "s/^__version__ = .*/__version__ = \"$2\"/" "$root/srv/$1/daemon/faceplate/__init__.py"; fi
}
tree tree 1.0.0
tree newer 1.1.0
tree broken 1.2.0
# It answers every question before the switch, and then falls.
sed -i 's/^def _run(arguments.*/&\n    raise SystemExit("this release falls over when it starts")/' "$root/srv/broken/daemon/faceplate/commands/run.py"
grep -q 'falls over' "$root/srv/broken/daemon/faceplate/commands/run.py" || fail "the broken release is not broken"

# The stand-ins lie outside of what the set-up makes, and where every user may write.
mkdir -p "$root/srv/gpio/gpiochip0" "$root/srv/film" "$root/srv/pictures"
cp -r "$repository/tests/fake_modules" "$root/srv/fake_modules"
stand_in=(PYTHONPATH=/srv/fake_modules FAKE_GPIO_DIR=/srv/gpio PYTHONDONTWRITEBYTECODE=1)
lines=$root/srv/gpio/gpiochip0
chmod -R a+rwX "$root/srv/gpio"
level() { cat "$lines/level-$line" 2>/dev/null || echo 0; }
is_locked() { [ "$(level)" = 0 ]; }
is_unlocked() { [ "$(level)" = 1 ]; }
# A man comes for 3.6 s and is gone for 4.4 s, again and again. The noise is another each time, as a camera's is: frames
# that were seen before are a recording's, and do not open.
footage=$repository/daemon/faceplate/footage
cp "$footage"/man-[123].jpg "$root/srv/pictures/"
if [ ! -x "$folder/player/bin/python" ]; then
  python3 -m venv "$folder/player"
  "$folder/player/bin/pip" --quiet --disable-pip-version-check install opencv-python-headless
fi
"$folder/player/bin/python" - "$footage/man.mp4" "$root/srv" <<'PYTHON'
import pathlib, sys
import cv2, numpy
film, srv = cv2.VideoCapture(sys.argv[1]), pathlib.Path(sys.argv[2])
man = [film.read()[1] for _ in range(54)]
assert cv2.imwrite(str(srv / "empty.png"), numpy.full_like(man[0], 128))
for folder in ("somebody", "nobody"):
    (srv / folder).mkdir()
(srv / "man").symlink_to("nobody")
noise = numpy.random.default_rng(1)
for number in range(9000):
    if (at := number % 120) < len(man):
        name, shown = f"{number:05}.jpg", f"man/{number:05}.jpg"
        noisy = numpy.clip(man[at] + noise.normal(0, 2, man[at].shape), 0, 255).astype(numpy.uint8)
        assert cv2.imwrite(str(srv / "somebody" / name), noisy, [cv2.IMWRITE_JPEG_QUALITY, 95])
        (srv / "nobody" / name).symlink_to("/srv/empty.png")
    else:
        name, shown = f"{number:05}.png", "empty.png"
    (srv / "film" / name).symlink_to(f"/srv/{shown}")
PYTHON
# A recording cannot turn its head when it is asked to, as a higher risk would have it.
cat >"$root/srv/answers" <<END_OF_ANSWERS
# what the owner wants
DEVICE_NAME=Anna's "front" door: #1
CAMERA_DRIVER=replay
CAMERA_SOURCE=/srv/film
LOCK=strike
LOCK_LINE=$line
RELEASE_TIME=$release_time
RISK=convenience
MQTT_HOST=localhost
MQTT_TLS=no
MQTT_USER=door
MQTT_PASSWORD=s3cret of the broker
ENROL_NAME=Daniel
ENROL_PICTURES=/srv/pictures
END_OF_ANSWERS
chmod 600 "$root/srv/answers"
printf 'listener 1883 127.0.0.1\nallow_anonymous false\npassword_file /etc/mosquitto/passwords\n' >"$root/etc/mosquitto/conf.d/door.conf"
chroot "$root" mosquitto_passwd -c -b /etc/mosquitto/passwords door "s3cret of the broker"
chroot "$root" mosquitto_passwd -b /etc/mosquitto/passwords reader reader
chroot "$root" chown mosquitto /etc/mosquitto/passwords

say "boot"
boot
for unit in faceplate run-; do # and what systemd-run starts
  there mkdir -p /run/systemd/system/$unit.service.d
  there tee /run/systemd/system/$unit.service.d/stand-in.conf >/dev/null <<'DROPIN'
[Service]
Environment=PYTHONPATH=/srv/fake_modules FAKE_GPIO_DIR=/srv/gpio PYTHONDONTWRITEBYTECODE=1
ReadWritePaths=/srv/gpio
DROPIN
done

# All the while somebody looks at the line, twenty times a second, and keeps the longest time for which it was unlocked.
python3 - "$lines/level-$line" "$folder/longest" <<'PYTHON' &
import pathlib, sys, time
level, longest = map(pathlib.Path, sys.argv[1:])
began, most = None, 0.0
while True:
    try:
        unlocked = level.read_text() == "1"
    except OSError:
        unlocked = False
    now = time.monotonic()
    began = (began or now) if unlocked else None
    if began is not None and now - began > most:
        most = now - began
        longest.write_text(f"{most:.2f}")
    time.sleep(0.05)
PYTHON
watch=$!
setup() { local tree=$1; shift; there bash "/srv/$tree/deploy/setup.sh" --wheels /srv/wheels "$@"; }
comes() { ln -sfn "$1" "$root/srv/man.new" && mv -T "$root/srv/man.new" "$root/srv/man"; }
# Nobody is before the camera but where it says so: a visit that is cut off, or of a stranger, counts as a failed attempt, and
# who comes next is challenged, which a film cannot answer. Whoever begins in the middle of a visit comes once more.
comes_and_opens() {
  for _ in 1 2 3; do
    there faceplate lockout clear
    local end=$((SECONDS + 18))
    until is_unlocked; do
      [ $SECONDS -lt $end ] || continue 2
      sleep 0.02
    done
    return
  done
  false
}
man_comes() {
  comes somebody
  expect "$1" comes_and_opens
  until_ "and the door locks behind him" 10 is_locked
  comes nobody
}
install_tree() { setup "$1" --yes --answers /srv/answers; }
status() { there faceplate status --json; }
told() { there mosquitto_sub -u reader -P reader -W 5 -C 1 -t "faceplate/front-door/$1"; }
runs_version() { [[ $(status) == *"\"version\": \"$1\""* ]]; }
away() { awk "BEGIN { printf \"%.1f\", ($(property faceplate ActiveEnterTimestampMonotonic) - $(property faceplate ActiveExitTimestampMonotonic)) / 1e6 }"; }
bridge_is_online() { [[ $(told availability) == *online* ]]; }

# picture: every file, its mode, owner and content, as far as an installation is concerned; and what systemd runs.
# Left out: what lives by itself while the door is guarded (journal, standing, cursor), and the machine's own log.
picture() {
  # shellcheck disable=SC2016 # the inner shell's own
  there bash -c '
    cd /
    look() {
      find etc opt usr var root home srv/tree srv/newer srv/broken srv/wheels -xdev \
        -not -path "var/log/journal/*" -not -path "var/lib/faceplate/journal.sqlite3*" -not -path var/lib/faceplate/standing.json \
        -not -path "var/lib/faceplate-bridge/*" -not -path "var/lib/mosquitto/*" -not -path "var/log/mosquitto/*" "$@"
    }
    look -printf "%y %m %u:%g %p %l\n" | sort -k 4
    look -type f -print0 | xargs -0 sha256sum | sort -k 2
    for unit in faceplate faceplate-bridge; do
      systemctl show -p MainPID,ActiveState,UnitFileState,NRestarts,ActiveEnterTimestampMonotonic,DropInPaths $unit
    done' 2>/dev/null
}
same() { diff "$folder/before" "$folder/after" >"$folder/difference" || { sed 's/^/   | /' "$folder/difference" | head -n 40; fail "$1"; }; ok "$1"; }

needed() { there env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends python3-venv >/dev/null 2>&1; }
purge() { there env DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge --auto-remove python3-venv >/dev/null 2>&1 || true; }
cut_when() { # CONDITION COMMAND...: kill the process group as soon as the condition holds
  local condition=$1 id
  shift
  set -m
  "$@" >"$folder/cut" 2>&1 &
  id=$!
  set +m
  until $condition || ! kill -0 $id 2>/dev/null; do sleep 0.02; done
  kill -KILL -- "-$id" 2>/dev/null || true
  wait $id 2>/dev/null || true
}
# What may be left, besides the packages: apt's and systemd's own, the copies that shadow keeps of its files, and its locks
# (passwd.PID), if it was killed itself.
leftovers() {
  picture >"$folder/after"
  diff <(grep -v '^[A-Z]' "$folder/bare") <(grep -v '^[A-Z]' "$folder/after") | grep '^[<>]' |
    grep -v -E ' (var/lib/(dpkg|apt|systemd)(/|$| )|var/cache/|var/log/(apt/|dpkg|alternatives|journal)|etc/(passwd|group|shadow|gshadow|subuid|subgid)(-|\.[0-9]+ ?$))' || true
}
needed
picture >"$folder/bare" # with the packages that the set-up needs, and nothing else of it
purge

whole_life() {
  say "--dry-run changes nothing"
  picture >"$folder/before"
  setup tree --dry-run --answers /srv/answers | sed 's/^/   | /'
  picture >"$folder/after"
  same "the machine is as it was"

  say "install"
  began=$EPOCHREALTIME
  install_tree tree 2>&1 | tee "$folder/first" | sed 's/^/   | /'
  ok "that took $(since "$began") s, without the time that downloads take"
  expect "the service runs" is_active faceplate
  expect "the bridge runs" is_active faceplate-bridge
  expect "it is version 1.0.0" runs_version 1.0.0
  until_ "the bridge is online at the broker, with the password it was given" 20 bridge_is_online
  ok "$(there id faceplate), $(there id faceplate-bridge)"
  man_comes "the enrolled man of the film is let in"
  if grep -rlF 's3cret' "$root/etc" "$root/var/log" "$root/var/lib" "$root/opt/faceplate/" "$folder/first" 2>/dev/null | grep -v -e /etc/mosquitto -e /etc/faceplate/mqtt.password; then fail "the password lies about"; fi
  ok "the password is nowhere but where it belongs: $(cd "$root/etc" && find . -name '*mqtt.password*' -printf '%p %m %u ')"
  ok "the key of the faces: $(cd "$root/etc" && find . -name '*gallery.key' -printf '%p %m %u ')"

  say "a second run changes nothing"
  picture >"$folder/before"
  began=$EPOCHREALTIME
  install_tree tree 2>&1 | sed 's/^/   | /'
  ok "that took $(since "$began") s"
  picture >"$folder/after"
  same "every file, mode, owner, and the running processes are the same"

  say "a camera that hangs: the watchdog ends the daemon, and it comes back locked"
  before=$(property faceplate NRestarts) hung=$EPOCHREALTIME
  comes_back() { [ "$(property faceplate NRestarts)" -gt "$before" ] && is_active faceplate; }
  there mkfifo -m 644 /srv/nobody-writes
  cp "$root/srv/empty.png" "$root/srv/empty.kept"
  mv "$root/srv/nobody-writes" "$root/srv/empty.png"
  until_ "it is ended and started again" 90 comes_back
  ok "that was $(awk "BEGIN { printf \"%.0f\", $EPOCHREALTIME - $hung }") s after it hung"
  there journalctl -q -u faceplate --no-pager -o cat >"$folder/log"
  grep -m 1 'Watchdog timeout' "$folder/log" | sed 's/^/   | /' || fail "it was not the watchdog"
  expect "the door is locked" is_locked
  mv "$root/srv/empty.kept" "$root/srv/empty.png"
  there systemctl restart faceplate
  until_ "it guards the door again" 40 status_holds faceplate guarding

  say "a configuration that was edited stays"
  printf '\n# mine\n' >>"$root/etc/faceplate/config.yaml"
  edited=$(sha256sum <"$root/etc/faceplate/config.yaml")
  sed 's/^RISK=.*/RISK=high/' "$root/srv/answers" >"$root/srv/other-answers"
  chmod 600 "$root/srv/other-answers"
  setup tree --yes --answers /srv/other-answers 2>&1 | grep -i 'config' | sed 's/^/   | /'
  [ "$(sha256sum <"$root/etc/faceplate/config.yaml")" = "$edited" ] || fail "it was overwritten"
  grep -q 'risk: high' "$root/etc/faceplate/config.yaml.new" || fail "there is no config.yaml.new"
  ok "config.yaml is untouched, and config.yaml.new has what the answers make"
  rm "$root/etc/faceplate/config.yaml.new"

  say "the lock is clicked where the answers ask for it"
  { cat "$root/srv/answers" && echo TEST_LOCK=yes; } >"$root/srv/other-answers"
  clicks() { there faceplate journal show --last 60 | grep -c '"by":"root.*"command":"unlock"' || true; }
  before=$(clicks)
  expect "the door is locked" is_locked
  setup tree --yes --answers /srv/other-answers >"$folder/clicked" 2>&1 || fail "$(tail -n 3 "$folder/clicked")"
  grep 'unlock for' "$folder/clicked" | sed 's/^/   | /'
  [ "$(clicks)" -gt "$before" ] || fail "nobody ordered the lock to unlock: $(there faceplate journal show --last 20)"
  ok "it was unlocked once, by root"
  until_ "and locks again" 10 is_locked
  rm -f "$root/etc/faceplate/config.yaml.new"

  say "upgrade"
  began=$EPOCHREALTIME
  setup newer --yes 2>&1 | sed 's/^/   | /'
  ok "that took $(since "$began") s"
  ok "the lock was stopped for $(away) s of these"
  expect "version 1.1.0 serves" runs_version 1.1.0
  [ "$(sha256sum <"$root/etc/faceplate/config.yaml")" = "$edited" ] || fail "the configuration was overwritten"
  expect "the people are there" there faceplate people show Daniel
  man_comes "the man is let in"

  say "an upgrade that falls over is taken back"
  refused "the broken release" "is in use, as before" setup broken --yes
  expect "version 1.1.0 serves" runs_version 1.1.0
  until_ "the door is locked" 6 is_locked
  ok "releases: $(there ls /opt/faceplate-releases | tr '\n' ' ')"
  expect "the bridge runs" is_active faceplate-bridge
  man_comes "the man is let in"

  say "an upgrade that is cut off (SIGKILL) in the middle of the switch is finished, or taken back, by the next run"
  is_switching() { [ -e "$root/var/lib/faceplate-setup/switching" ] && [[ $(readlink "$root/opt/faceplate") == *"$1"* ]]; }
  to_broken() { is_switching 1.2.0; }
  to_older() { is_switching 1.0.0; }
  comes somebody # and may be let in while it is cut off
  cut_when to_broken setup broken --yes
  until_ "the door is locked" 6 is_locked
  refused "the broken release, once more" "is in use, as before" setup broken --yes
  expect "version 1.1.0 serves" runs_version 1.1.0
  cut_when to_older setup tree --yes
  until_ "the door is locked" 6 is_locked
  setup tree --yes 2>&1 | sed 's/^/   | /'
  expect "the downgrade is done: version 1.0.0 serves" runs_version 1.0.0
  setup tree --yes --rollback 2>&1 | tail -n 3 | sed 's/^/   | /'
  expect "--rollback: version 1.1.0 serves" runs_version 1.1.0
  ok "releases: $(there ls /opt/faceplate-releases | tr '\n' ' ')"

  say "uninstall, and keep the people"
  setup newer --uninstall --keep-people --yes 2>&1 | sed 's/^/   | /'
  until_ "the door is locked" 6 is_locked
  for gone in /opt/faceplate /opt/faceplate-releases /usr/local/bin/faceplate /etc/systemd/system/faceplate.service /var/lib/faceplate-setup; do
    expect "$gone is gone" there test ! -e $gone
  done
  ok "kept: $(there find /var/lib/faceplate/people /etc/faceplate /etc/credstore.encrypted -type f -printf '%p %u ' 2>/dev/null)"
  install_tree newer >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be installed again"; }
  expect "installed again, and Daniel is still there" there faceplate people show Daniel
  man_comes "the man is let in"

  say "uninstall, and erase the people"
  setup newer --uninstall --erase-people --yes 2>&1 | sed 's/^/   | /'
  until_ "the door is locked" 6 is_locked
  left=$(leftovers)
  [ -z "$left" ] || { printf '%s\n' "$left" | sed 's/^/   | /'; fail "something is left"; }
  ok "nothing is left but apt's packages and their traces"
  setup newer --uninstall --erase-people --yes 2>&1 | sed 's/^/   | /'
}

# The commands of docs/upgrade.md.
brought_back() {
  local secret sealed=/etc/credstore.encrypted/faceplate
  say "a copy is kept, everything is erased, and the copy is brought back"
  install_tree newer >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be installed"; }
  there systemctl stop faceplate
  there install -d -m 700 /root/copy
  there tar -C / -czf /root/copy/faceplate.tar.gz etc/faceplate var/lib/faceplate
  there systemctl start faceplate
  for secret in gallery.key mqtt.password; do there systemd-creds decrypt --name=$secret $sealed.$secret /root/copy/$secret; done
  ok "nobody else reads them: $(there stat -c '%A %n' /root/copy)"
  setup newer --uninstall --erase-people --yes >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be removed"; }
  expect "everything is erased" there test ! -e /var/lib/faceplate -a ! -e /etc/faceplate
  there tar -C / -xzf /root/copy/faceplate.tar.gz
  there install -d -m 700 /etc/credstore.encrypted
  for secret in gallery.key mqtt.password; do there systemd-creds encrypt --name=$secret /root/copy/$secret $sealed.$secret 2>/dev/null; done
  setup newer --yes >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be installed"; }
  expect "Daniel is there" there faceplate people show Daniel
  man_comes "the man is let in"
  expect "the journal is whole" there faceplate journal verify
  until_ "the bridge is online at the broker" 20 bridge_is_online
  there rm -r /root/copy
  setup newer --uninstall --erase-people --yes >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be removed"; }
}

# Each run is cut off as soon as its second step has begun, and so every step once.
cut_at_every_step() {
  local runs=0
  say "cut off (SIGKILL of all of it) at the beginning of every step"
  second_step() { [ "$(sed -n '/^== doing it/,$p' "$folder/cut" 2>/dev/null | grep -c '^   [a-z]')" -ge 2 ]; }
  purge
  comes somebody
  while :; do
    rm -f "$folder/cut"
    cut_when second_step install_tree newer
    if grep -q '^== the door is guarded' "$folder/cut"; then break; fi
    grep -q '^== doing it' "$folder/cut" || { cat "$folder/cut"; fail "run $runs did not come so far"; }
    ok "cut off at: $(sed -n '/^== doing it/,$p' "$folder/cut" | grep '^   [a-z]' | tail -n 1 | sed 's/^ *//' | cut -c 1-90)"
    runs=$((runs + 1))
    [ $runs -lt 60 ] || fail "it never ends"
  done
  expect "the run after these $runs finished it: version 1.1.0 serves" runs_version 1.1.0
  expect "and Daniel is enrolled" there faceplate people show Daniel
  setup newer --uninstall --erase-people --yes >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be removed"; }
}

interrupted() {
  say "cut off (SIGKILL of all of it) at $interruptions random moments, seed $seed, and finished by the next run"
  RANDOM=$seed
  # With keys in files this time, as where systemd cannot seal.
  printf 'KEYS=file\n' >>"$root/srv/answers"
  purge
  comes somebody
  began=$EPOCHREALTIME
  install_tree newer >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be installed"; }
  whole=$(awk "BEGIN { printf \"%d\", ($EPOCHREALTIME - $began) * 1000 }")
  ok "a run takes $whole ms"
  for number in $(seq "$interruptions"); do
    setup newer --uninstall --erase-people --yes >"$folder/again" 2>&1 || { cat "$folder/again"; fail "it cannot be removed"; }
    purge
    moment=$(((RANDOM * 32768 + RANDOM) % whole))
    deadline=$((${EPOCHREALTIME/./} + moment * 1000))
    is_time() { [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; }
    cut_when is_time install_tree newer
    reached=$(grep -E '^   [a-z]' "$folder/cut" | tail -n 1 | sed 's/^ *//' | cut -c 1-70)
    install_tree newer >"$folder/again" 2>&1 || { cat "$folder/again"; fail "number $number, cut off after $moment ms, is not finished"; }
    runs_version 1.1.0 || fail "number $number: it does not run"
    there faceplate people show Daniel >/dev/null || fail "number $number: nobody is enrolled"
    picture >"$folder/before"
    install_tree newer >"$folder/again" 2>&1
    picture >"$folder/after"
    cmp -s "$folder/before" "$folder/after" || { diff "$folder/before" "$folder/after"; fail "number $number: a further run changed something"; }
    ok "number $number, after $moment ms (\"$reached\"): finished, served, and a further run changed nothing"
  done
  ok "the keys: $(cd "$root/etc/faceplate" && stat -c '%n %a %U' gallery.key mqtt.password | tr '\n' ' ')"
  until_ "the bridge is online at the broker, with the password from the file" 20 bridge_is_online

  say "an uninstall that is cut off is finished by the next one"
  is_under_way() { [ -e "$root/var/lib/faceplate-setup/uninstalling" ] && [ ! -e "$root/etc/systemd/system/faceplate.service" ]; }
  cut_when is_under_way setup newer --uninstall --erase-people --yes
  refused "to set up in between" "Finish it first" install_tree newer
  expect "the next one, which is not told what to do with the people" setup newer --uninstall --yes
  left=$(leftovers)
  [ -z "$left" ] || { printf '%s\n' "$left" | sed 's/^/   | /'; fail "something is left"; }
  ok "nothing is left, and the people are erased, as the first one was told"
}

for part in ${PARTS:-whole_life brought_back cut_at_every_step interrupted}; do $part; done

say "the lock, all the while"
awk "BEGIN { exit !($(cat "$folder/longest") < $release_time + 1.5) }" || fail "the door was open for $(cat "$folder/longest") s"
ok "in all this the door was never unlocked for more than $(cat "$folder/longest") s (release time: $release_time)"
say "all of it held"
