# shellcheck shell=bash
# Releases lie side by side; one link says which is in use, and the one before stays for the way back; sourced, not run.

wanted= # VERSION-HASH

# choose_release: which release this tree, or --wheel, makes here. Another Python makes another release.
choose_release() {
  local version hash
  if [ -n "$go_back" ]; then
    wanted=$(remembered previous)
    if [ -z "$wanted" ] || ! is_made; then fail "there is no earlier release to go back to in $releases"; fi
    return
  fi
  if [ -n "$wheel" ]; then
    [ -r "$wheel" ] || fail "cannot read the wheel $wheel"
    [[ ${wheel##*/} =~ ^faceplate-([0-9][^-]*)-py3-none-any\.whl$ ]] || fail "${wheel##*/} is no wheel of Faceplate's: expected faceplate-VERSION-py3-none-any.whl"
    version=${BASH_REMATCH[1]}
  else
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$root/daemon/faceplate/__init__.py")
  fi
  hash=$({ "${python:-/bin/false}" -VV || true; source_files; } | sha256sum)
  wanted=$version-${hash:0:12}
}
source_files() {
  if [ -n "$wheel" ]; then sha256sum <"$wheel"; fi
  cd "$root" || return
  find systemd config.yaml pyproject.toml README.md LICENSE daemon trainer/faceplate_trainer -type f \
    -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum
}

in_use() { local place; place=$(readlink "$current" 2>/dev/null) && printf '%s' "${place##*/}"; }

release_step() { step "make the release $wanted in $releases (takes minutes)" is_made make_release; }
is_made() { [ -e "$releases/$wanted/complete" ]; }
make_release() {
  local folder=$releases/$wanted options=() from=${wheel:-$root} pip
  rm -rf "$folder"
  mkdir -p "$releases"
  if is_pi && [[ $python == /usr/bin/* ]]; then options+=(--system-site-packages); fi # libcamera is the system's
  quietly "$python" -m venv "${options[@]}" "$folder" || fail "$python makes no environment"
  pip=("$folder/bin/python" -m pip --disable-pip-version-check)
  options=(--cache-dir "$state/pip")
  if [ -n "$wheels" ]; then options=(--no-cache-dir --no-index --find-links "$wheels"); fi
  if [ -z "$wheel" ]; then
    quietly env -C / "${pip[@]}" wheel "${options[@]}" --no-deps --wheel-dir "$folder/wheel" "$root" ||
      fail "the wheel could not be built. It needs the network, or --wheels FOLDER with hatchling in it (docs/install.md)"
    from=$(echo "$folder"/wheel/faceplate-*.whl)
  fi
  quietly env -C / "${pip[@]}" install "${options[@]}" "${from}[pi]" ||
    fail "pip could not install it. It needs the network, or --wheels FOLDER with everything in it (docs/install.md)"
  rm -rf "$folder/wheel"
  cp -r "$root/systemd" "$folder/systemd"
  cp "$root/config.yaml" "$folder/config.default.yaml"
  chmod -R go=rX "$folder"
  [ "$("$folder/bin/faceplate" --version 2>&1)" = "faceplate ${wanted%-*}" ] || fail "$folder/bin/faceplate does not run"
  sync -f "$folder"
  touch "$folder/complete"
  sync "$folder/complete" "$folder"
  rm -rf "${state:?}/pip"
}

# --- the switch ---

switch_step() { step "put $wanted in use$(instead)" is_switched switch_release; }
instead() { local old; old=$(in_use) || return 0; [ "$old" = "$wanted" ] || printf ' instead of %s' "$old"; }
is_switched() { [ "$(in_use)" = "$wanted" ] && [ -z "$(remembered switching)" ] && units_are_in_place; }
units_are_in_place() {
  local file
  for file in "$current"/systemd/*.service; do cmp -s "$file" "$units/${file##*/}" || return 1; done
}

switch_release() {
  local old was
  # Cut off in the middle, the next run still knows what to go back to, and what that was able to do.
  read -r old was <<<"$(remembered switching)" || true
  if [ -z "$old" ]; then
    old=$(in_use) || { if [ -d "$current" ]; then old=found-here; else old=none; fi; }
    was=$(doing)
    look_before || fail "$wanted does not take this configuration, or these people. $(still_there "$old")"
    remember switching "$old $was"
  fi
  needs_restart
  if look_before && activate "$wanted" && start_units && serves "${wanted%-*}" "${was/down/answering}" 90; then
    has_taken_over "$old"
    return
  fi
  why
  if [ "$old" = none ] || [ "$old" = "$wanted" ]; then
    fail "$wanted does not serve the door, and there is no other to go back to. The door is locked. Mend what is said above, and run this again"
  fi
  go_back_to "$old" "$was"
  fail "$wanted was put in use, and did not serve the door (the reason is above). $(still_there "$old")"
}
doing() { local it; for it in guarding answering; do if guards "" $it; then echo $it; return; fi; done; echo down; }
still_there() { if [ "$1" = none ]; then echo "Nothing was put in use"; else echo "$1 is in use, as before"; fi; }

go_back_to() {
  warn "$wanted does not serve the door: back to $1"
  note "back to $1"
  activate "$1" || fail "$1 could not be put back. The door is locked; run this again"
  if ! start_units || ! serves "" "${2/down/answering}" 90; then
    [ "$2" = down ] || fail "and $1 does not serve the door either. The door is locked: journalctl -u faceplate"
  fi
  forget switching
  forget restart
  rm -rf "${releases:?}/$wanted"
}

has_taken_over() {
  if [ "$1" != none ] && [ "$1" != "$wanted" ]; then remember previous "$1"; fi
  forget restart
  forget switching
}

# look_before: the new program opens configuration, networks, people and journal, and needs no hardware for it.
look_before() {
  [ -e "$config" ] || return 0
  local told
  note "look at configuration, models, gallery and journal with $wanted"
  if told=$(as_daemon "$releases/$wanted/bin/faceplate" doctor --only models --only gallery --only journal --only liveness 2>&1); then
    return 0
  fi
  printf '%s\n' "$told" | sed 's/^/   | /' >&2
  return 1
}

# activate NAME: the daemon is stopped, which locks the door; then units and link are the release's.
activate() {
  stop_units || return 1
  if [ -d "$current" ] && [ ! -L "$current" ]; then # made by hand
    mkdir -p "$releases"
    mv -T "$current" "$releases/found-here" || return 1
    [ -d "$releases/found-here/systemd" ] || { mkdir "$releases/found-here/systemd" && cp "$units"/faceplate*.service "$releases/found-here/systemd/"; }
    touch "$releases/found-here/complete"
  fi
  local file
  for file in "$releases/$1"/systemd/*.service; do
    put "$units/${file##*/}" 0644 root:root "$(cat "$file")" || return 1
  done
  { ln -sfn "$releases/$1" "$current.setup" && mv -T "$current.setup" "$current" && sync "${current%/*}"; } || return 1
  quietly systemctl daemon-reload
}

prune_step() { step "remove releases that are neither in use nor the one before" is_pruned prune; }
is_pruned() { [ -z "$(superfluous)" ]; }
superfluous() {
  local folder name
  for folder in "$releases"/*; do
    name=${folder##*/}
    if [ -d "$folder" ] && [ "$name" != "$(in_use)" ] && [ "$name" != "$wanted" ] && [ "$name" != "$(remembered previous)" ]; then
      printf '%s\n' "$folder"
    fi
  done
}
prune() { local folder; superfluous | while read -r folder; do rm -rf "$folder"; done; }
