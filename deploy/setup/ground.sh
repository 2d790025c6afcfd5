# shellcheck shell=bash
# What every step stands on: places, words, the log, and how something is changed; sourced, not run.

# FACEPLATE_PREFIX is for tests: all of it below another folder.
prefix=${FACEPLATE_PREFIX:-}
current=$prefix/opt/faceplate            # a link to the release in use: the units name it
releases=$prefix/opt/faceplate-releases  # VERSION-HASH, side by side
etc=$prefix/etc/faceplate
config=$etc/config.yaml
store=$prefix/var/lib/faceplate
units=$prefix/etc/systemd/system
credentials=$prefix/etc/credstore.encrypted
command=$prefix/usr/local/bin/faceplate
state=$prefix/var/lib/faceplate-setup    # what this script must remember: what it made, what it was about to do
log_file=$prefix/var/log/faceplate-setup.log

dry=       # not empty: nothing is changed, each change is told
changes=0  # how many were told, or made

# note WORDS: into the log. Only what changes something is written, so that a run with nothing to do leaves no trace.
note() {
  [ -z "$dry" ] || return 0
  mkdir -p "${log_file%/*}"
  [ -e "$log_file" ] || install -m 600 /dev/null "$log_file"
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$log_file"
}

tell() { printf '   %s\n' "$*"; }
warn() { printf '   ! %s\n' "$*"; }

# step WHAT IS_DONE DO [WORD...]: unless `IS_DONE WORD...` holds already, `DO WORD...`, and see that it holds then.
step() {
  local what=$1 is_done=$2 do=$3
  shift 3
  if "$is_done" "$@"; then return 0; fi
  changes=$((changes + 1))
  if [ -n "$dry" ]; then
    tell "would $what"
    return 0
  fi
  tell "$what"
  note "$what"
  "$do" "$@"
  "$is_done" "$@" || fail "tried to $what, and it did not take. Run this again; $log_file tells more"
}

# quietly COMMAND...: what it says goes to the log, and is shown when it fails.
quietly() {
  local told
  note "+ $*"
  if ! told=$("$@" 2>&1 </dev/null); then
    printf '%s\n' "$told" >>"$log_file"
    printf '%s\n' "$told" | tail -n 15 | sed 's/^/   | /' >&2
    return 1
  fi
  if [ -n "$told" ]; then printf '%s\n' "$told" >>"$log_file"; fi
}

# put FILE MODE OWNER TEXT: whole or not at all, whenever the power goes.
put() {
  local file=$1 mode=$2 owner=$3 text=$4 beside
  beside=${file%/*}/.${file##*/}.setup
  folder_for "${file%/*}"
  rm -f "$beside"
  (umask 077 && printf '%s\n' "$text" >"$beside")
  chown "$owner" "$beside"
  chmod "$mode" "$beside"
  sync "$beside"
  mv -T "$beside" "$file"
  sync "${file%/*}"
}

# folder_for FOLDER: and what had to be made for it is remembered, to be taken away again.
folder_for() {
  local folder=$1 made=
  while [ ! -d "$folder" ]; do made+=$folder$'\n' folder=${folder%/*}; done
  if [ -n "$made" ] && [ "$1" != "$state" ]; then remember folders "$(remembered folders; printf '%s' "$made")"; fi
  mkdir -p "$1"
}

# holds FILE MODE OWNER TEXT: `put` has nothing to do.
holds() {
  local file=$1 mode=$2 owner=$3 text=$4
  [ -f "$file" ] && [ "$(stat -c '%a %U:%G' "$file")" = "${mode#0} $owner" ] && [ "$(cat "$file")" = "$text" ]
}

is_gone() {
  local place
  for place in "$@"; do if [ -e "$place" ] || [ -L "$place" ]; then return 1; fi; done
}
remove() { rm -rf "$@"; }

# remember NAME TEXT, remembered NAME, forget NAME: over runs, and over power cuts.
remember() { [ -n "$dry" ] || put "$state/$1" 0600 root:root "$2"; }
remembered() { cat "$state/$1" 2>/dev/null || true; }
forget() { [ -n "$dry" ] || rm -f "${state:?}/$1"; }

# confirm QUESTION [DEFAULT]: yes or no. --yes gives the default, which is yes unless said.
confirm() {
  local default=${2:-yes} answer
  if [ -n "$assume_yes" ]; then [ "$default" = yes ]; return; fi
  [ -t 0 ] || fail "there is nobody to ask: \"$1\". Run this in a terminal, or with --yes"
  while :; do
    read -r -p "$1 [yes/no, Enter: $default] " answer || fail "no answer; nothing more is done"
    case ${answer:-$default} in
      y | Y | yes) return 0 ;;
      n | N | no) return 1 ;;
    esac
  done
}

# one_at_a_time: a second set-up at the same moment is refused.
one_at_a_time() {
  exec 9>"$prefix/run/faceplate-setup.lock"
  flock --nonblock 9 || fail "another set-up is running on this machine; wait for its end"
}
