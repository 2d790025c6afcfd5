# shellcheck shell=bash
# When it runs: the lock's click, the household, the doctor, and advice; sourced, not run.

# click_step: only when somebody says that the door stands open, and never by --yes alone.
click_step() {
  case ${answer[LOCK]} in simulated | none) return 0 ;; esac
  if [ -n "$assume_yes" ] && [ "${answer[TEST_LOCK]}" = no ]; then return 0; fi
  [ "${answer[TEST_LOCK]}" = yes ] || confirm "The lock: open the door, and keep it open. Click it now?" no || return 0
  tell "unlock for ${answer[RELEASE_TIME]} s, and lock again"
  note "the lock was clicked, as asked"
  quietly "$command" unlock || warn "the lock does not obey: see above, and docs/wiring.md"
  [ -z "$assume_yes" ] || return 0
  confirm "Did it unlock, and lock again?" || warn "docs/wiring.md tells the four ways to wire a relay; door.active_high and door.wiring are in $config"
}

# enrol_step: the one of the answers, or whoever stands there.
enrol_step() {
  local name
  if [ "${answer[ENROL_NAME]}" != none ]; then
    step "enrol ${answer[ENROL_NAME]}" is_enrolled enrol "${answer[ENROL_NAME]}"
    return
  fi
  [ -z "$assume_yes" ] || return 0
  while confirm "Enrol somebody now?" no; do
    read -r -p "Name: " name || return 0
    [ -z "$name" ] || enrol "$name" || warn "$name is not enrolled; once more: sudo faceplate people add NAME PICTURE..."
  done
}
is_enrolled() { "$command" people show "$1" >/dev/null 2>&1; }
enrol() {
  if [ "${answer[ENROL_PICTURES]}" != none ]; then
    enrol_from "$1" "${answer[ENROL_PICTURES]}"
  elif "$command" --help | grep -qw enroll; then
    "$command" enroll "$1"
  else
    local folder
    read -r -p "Folder with three to five pictures of $1 alone, taken at the door's camera: " folder || return 1
    enrol_from "$1" "$folder"
  fi
}
# enrol_from NAME FOLDER: the daemon's user may not look into homes, so the pictures are laid before it for so long.
enrol_from() {
  local name=$1 folder=$2 table code=0
  [ -n "$(ls "$folder" 2>/dev/null)" ] || { warn "there are no pictures in $folder"; return 1; }
  rm -rf /run/faceplate-pictures.* # of a run that was cut off
  table=$(mktemp -d /run/faceplate-pictures.XXXXXX)
  cp "$folder"/* "$table"/
  chown -R faceplate:faceplate "$table"
  quietly "$command" people add "$name" "$table"/* || code=1
  rm -rf "$table"
  return $code
}

# examine: the doctor's findings; what it calls a fault is one of the set-up, too.
examine() {
  say "the doctor"
  if "$command" doctor; then return 0; fi
  fail "everything is installed, and the doctor found a fault. Each has its cure above; then: sudo faceplate doctor"
}

advise() {
  say "advice; nothing of it was done"
  if [ ! -e "$journald_file" ] && [ "$(root_disk)" = mmcblk ]; then
    tell "The system's log wears the SD card. Keep it small (JOURNALD=limit in a file of answers), or in memory (JOURNALD=volatile)"
  fi
  [ "$(stat -f -c %T /tmp)" = tmpfs ] || tell "/tmp in memory spares the card: sudo systemctl enable tmp.mount (Debian 12: first cp /usr/share/systemd/tmp.mount /etc/systemd/system/)"
  if is_pi; then
    grep -qs '^dtparam=strict_gpiod' /boot/firmware/config.txt ||
      tell "dtparam=strict_gpiod in /boot/firmware/config.txt: the relay rests at once when the program dies (docs/wiring.md)"
  fi
  if [ -e /dev/watchdog ]; then
    tell "RuntimeWatchdogSec=15 in /etc/systemd/system.conf: a board that hangs as a whole is reset (docs/wiring.md)"
  fi
  if [ -e "$etc/gallery.key" ]; then tell "Keep a copy of $etc/gallery.key elsewhere, and not beside the faces (docs/upgrade.md)"; fi
}
root_disk() { local source; source=$(findmnt -no SOURCE / 2>/dev/null) || return 0; [[ $source == /dev/mmcblk* ]] && printf mmcblk; return 0; }
