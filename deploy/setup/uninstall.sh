# shellcheck shell=bash
# Everything away again; sourced, not run.

# Everything that runs, each with a user of its own; the lock last.
parts=(faceplate-display faceplate-kiosk faceplate-bridge faceplate)

# uninstall: the door is locked first. What was chosen is kept, so that a run that was cut off is finished as it was begun.
uninstall() {
  local begun
  begun=$(remembered uninstalling)
  if [ -n "$begun" ]; then people=$begun; fi
  if [ -z "$people" ] && [ -n "$dry_run" ]; then people=keep; fi
  if [ -z "$people" ]; then
    if confirm "Keep the people who are enrolled, their key, the configuration and the journal?"; then people=keep; else people=erase; fi
  fi
  if ! is_anything_there; then
    if [ "$people" = keep ] && [ -d "$store" ]; then say "nothing is installed; the people are kept in $store"; else say "nothing of Faceplate is here"; fi
    return
  fi
  say "what is removed ($people the people)"
  dry=yes
  uninstall_steps
  dry=$dry_run
  if [ -n "$dry" ]; then return; fi
  confirm "Do all this?" || fail "nothing was changed"
  remember uninstalling "$people"
  uninstall_steps
  if [ "$people" = keep ]; then
    say "removed. Kept: faces, journal, configuration and their keys in $store and $etc$(if [ -e "$credentials/faceplate.gallery.key" ]; then echo " (the key of the faces: $credentials/faceplate.gallery.key)"; fi); a new set-up uses them again"
  else
    say "removed"
  fi
  if [ -n "$packages" ]; then say "packages that were installed for it stay; if nothing else needs them: apt-get purge $packages"; fi
}
is_anything_there() { ! is_gone "$units"/faceplate*.service "$current" "$releases" "$command" "$state" "$log_file" || is_anybody_there || { [ "$people" = erase ] && ! is_gone "$store" "$etc"; }; }
is_anybody_there() { local who; for who in "${parts[@]}"; do if user_exists "$who"; then return 0; fi; done; return 1; }

uninstall_steps() {
  local place
  packages=$(remembered packages | tr '\n' ' ')
  step "lock the door, and stop it all" is_stopped stop_for_good
  # As long as its program is there, and whatever state a run that was cut off has left.
  for place in "${parts[@]/#/$units/}"; do step "remove $place.service" is_gone remove "$place.service"; done
  for place in "$lock_dropins" "$bridge_dropins" "$command" "$current" \
    "$releases" "$current.setup" "$udev_file" "$prefix/var/lib/faceplate-bridge" "$prefix/run/faceplate" "$etc/config.yaml.new"; do
    step "remove $place" is_gone remove "$place"
  done
  step "give the system's log its size back" is_gone unbound_journald "$journald_file"
  if [ "$people" = erase ]; then
    for place in "$etc" "$credentials"/faceplate.{gallery.key,mqtt.password} "${credentials%.encrypted}"/faceplate.{gallery.key,mqtt.password} "$store"; do
      step "erase $place" is_gone remove "$place"
    done
  else
    # Its user goes, and the next one who is given that number must find nothing that is theirs.
    step "give $store and $etc to root" belongs_to_root give_to_root
  fi
  for place in "${parts[@]}"; do
    step "remove the user $place" is_no_user remove_user $place
    step "remove the group $place" is_no_group remove_group $place
  done
  if [ -n "$(remembered made-gpio)" ]; then step "remove the group gpio" is_no_group remove_group gpio; fi
  step "forget the rest: $state" is_forgotten forget_all
}

is_stopped() {
  local unit
  [ -d /run/systemd/system ] || return 0
  for unit in "${parts[@]}"; do
    if [ "$(shown $unit LoadState)" = loaded ] && { [ "$(shown $unit ActiveState)" != inactive ] || is_enabled $unit; }; then return 1; fi
  done
}
stop_for_good() {
  local unit
  if [ "$(shown faceplate ActiveState)" = active ]; then quietly "$current/bin/faceplate" lock || warn "the daemon could not be told to lock; stopping it does"; fi
  for unit in "${parts[@]}"; do
    if [ "$(shown $unit LoadState)" = loaded ]; then quietly systemctl disable --now $unit.service; systemctl reset-failed $unit.service 2>/dev/null || true; fi
  done
  # Whatever has become of the daemon: the relay at its locked level, once more.
  if [ -x "$current/bin/faceplate" ] && [ -e "$config" ]; then
    quietly "$current/bin/faceplate" secure || warn "the lock could not be told to lock (the reason is above): look at the door"
  fi
}
unbound_journald() { rm -f "$1"; quietly systemctl restart systemd-journald; }
belongs_to_root() { [ -z "$(find "$store" "$etc" -not -user root -print -quit 2>/dev/null)" ]; }
give_to_root() { local place; for place in "$store" "$etc"; do if [ -d "$place" ]; then chown -Rh root:root "$place"; fi; done; }
is_no_user() { ! user_exists "$1"; }
remove_user() { userdel "$1" 2>/dev/null; }
is_no_group() { ! group_exists "$1"; }
remove_group() { groupdel "$1"; }
is_forgotten() { is_gone "$state" "$log_file" "$prefix/run/faceplate-setup.lock"; }
forget_all() {
  if command -v udevadm >/dev/null; then udevadm control --reload || true; fi
  quietly systemctl daemon-reload
  # An earlier set-up may have made the last one, and kept a key in it until now.
  { remembered folders; printf '%s\n' "$credentials"; } | sort -ru | while read -r folder; do
    dpkg -S "$folder" >/dev/null 2>&1 || rmdir "$folder" 2>/dev/null || true
  done
  rm -rf "$state" "$log_file" "$prefix/run/faceplate-setup.lock"
}
