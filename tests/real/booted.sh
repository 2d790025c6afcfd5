# shellcheck shell=bash
# A root file system booted with its own systemd, in namespaces of this machine's kernel; sourced, not run.
# Whoever sources it sets `root`, and gets `init`, `there COMMAND...`, and the words in which a proof is told.

say() { printf '\n== %s\n' "$*"; }
ok() { printf '   ok  %s\n' "$*"; }
fail() {
  printf '   FAILED  %s\n' "$*"
  if [ -n "${init:-}" ]; then
    there journalctl -q --no-pager -n 40 | sed 's/^/   | /'
    there faceplate journal show --last 40 2>/dev/null | cut -c 1-200 | sed 's/^/   | /' || true
  fi
  exit 1
}

# expect WHAT COMMAND...: it succeeds.
expect() {
  local what=$1 told
  shift
  told=$("$@" 2>&1) || fail "$what: $told"
  ok "$what"
}

# refused WHAT WORDS COMMAND...: it fails, and what it says holds these words.
refused() {
  local what=$1 words=$2 told
  shift 2
  if told=$("$@" 2>&1); then fail "$what was not refused: $told"; fi
  [[ $told == *"$words"* ]] || fail "$what: expected ... $words ..., got: $told"
  ok "$what is refused: $(grep -F -m 1 "$words" <<<"$told" | cut -c 1-150)"
}

# until_ WHAT SECONDS COMMAND...: it succeeds within that time.
until_() {
  local what=$1 end=$((SECONDS + $2)) began=$EPOCHREALTIME
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "$what: not in time"
    sleep 0.02
  done
  ok "$what, after $(since "$began") s"
}
since() { awk "BEGIN { printf \"%.2f\", $EPOCHREALTIME - $1 }"; }

# boot: systemd as PID 1 of $root, with a network of its own in which nothing else listens.
boot() {
  # shellcheck disable=SC2016 # the inner shell's own
  unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child bash -c '
    set -e; root=$1
    mount --make-rprivate /
    mount --bind "$root" "$root"; cd "$root"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev
    for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
    mkdir -p dev/shm dev/pts; mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts; ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    pivot_root . mnt; umount -l /mnt
    mount --make-rshared / # without it no service sees its credentials
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
      /lib/systemd/systemd --log-target=journal --unit=multi-user.target
  ' _ "$root" >"$root.console" 2>&1 &
  booted=$!
  until_ "systemd runs" 10 pgrep --parent "$booted" --exact systemd
  init=$(pgrep --parent "$booted")
  until_ "multi-user.target is reached" 60 there systemctl is-active multi-user.target
  ok "$(there systemctl --version | head -n 1), PID 1 is $(there cat /proc/1/comm)"
}
there() {
  nsenter -t "$init" -m -u -i -n -p -C /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 HOME=/root "${stand_in[@]}" "$@"
}
stand_in=() # what every command there finds in its environment, besides
halt() { if [ -n "${booted:-}" ]; then kill -KILL "$booted" 2>/dev/null || true; wait "$booted" 2>/dev/null || true; booted='' init=''; fi; }

property() { there systemctl show --value -p "$2" "$1"; }
is_active() { [ "$(property "$1" ActiveState)" = active ]; }
status_holds() { [[ $(property "$1" StatusText) == *"$2"* ]]; }
