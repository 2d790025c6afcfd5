#!/bin/bash
# From a bare Raspberry Pi, Jetson or Linux PC to a door that is guarded: `sudo deploy/setup.sh`, and `--help`.
# Each step asks "is it done?", does it, and looks again: a second run changes nothing, and a run that was cut off, at any
# moment, is finished by the next one. Nothing here leaves the door open: the unit drives the lock to locked at every stop.
set -euo pipefail
umask 022
LC_ALL=C.UTF-8
export LC_ALL
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/common.sh
. "$here/common.sh"
# shellcheck source=deploy/setup/ground.sh
. "$here/setup/ground.sh"
# shellcheck source=deploy/setup/answers.sh
. "$here/setup/answers.sh"
# shellcheck source=deploy/setup/machine.sh
. "$here/setup/machine.sh"
# shellcheck source=deploy/setup/config.sh
. "$here/setup/config.sh"
# shellcheck source=deploy/setup/release.sh
. "$here/setup/release.sh"
# shellcheck source=deploy/setup/service.sh
. "$here/setup/service.sh"
# shellcheck source=deploy/setup/units.sh
. "$here/setup/units.sh"
# shellcheck source=deploy/setup/finish.sh
. "$here/setup/finish.sh"
# shellcheck source=deploy/setup/uninstall.sh
. "$here/setup/uninstall.sh"

help() {
  cat <<'END_OF_HELP'
sudo deploy/setup.sh [OPTION...]
  Set Faceplate up on this machine, upgrade it, or mend what is missing. Says first what it will do, and asks.

  --answers FILE      do not ask, read: KEY=value, one a line (docs/install.md). Without it, a machine that has a
                      configuration keeps it, and nothing is asked
  --yes               do it without asking for leave. Never clicks the lock, and keeps people, unless told to
  --dry-run           show each change and make none
  --wheel FILE        install this wheel instead of the one this tree makes; an older one goes back
  --wheels FOLDER     without the network: everything that is needed lies there (docs/install.md)
  --python FILE       with this Python, 3.11 or newer, outside of home folders
  --rollback          put the release before this one in use again
  --uninstall         lock the door, and remove it all
    --keep-people       ... but faces, journal, configuration and keys
    --erase-people      ... and these, too
  --help              this

An upgrade that does not serve the door is taken back, and the exit code is then 1, as with every other failure; 2: the
command line is wrong. What it changed is kept in /var/log/faceplate-setup.log. FACEPLATE_PREFIX is for tests.
END_OF_HELP
}

wrong() { printf 'error: %s\n%s\n' "$1" "Try: deploy/setup.sh --help" >&2; exit 2; }

answers_file='' assume_yes='' dry_run='' wheel='' wheels='' chosen_python='' go_back='' task=install people=''
answers_given=
while [ $# -gt 0 ]; do
  case $1 in
    --answers | --wheel | --wheels | --python) [ $# -ge 2 ] || wrong "$1 needs a value" ;;
  esac
  case $1 in
    --answers) answers_file=$2; shift ;;
    --wheel) wheel=$(realpath -m -- "$2"); shift ;;
    --wheels) wheels=$(realpath -m -- "$2"); [ -d "$wheels" ] || wrong "there is no folder $2"; shift ;;
    --python) chosen_python=$2; shift ;;
    --yes) assume_yes=yes ;;
    --dry-run) dry_run=yes ;;
    --rollback) go_back=yes ;;
    --uninstall) task=uninstall ;;
    --keep-people | --erase-people) [ -z "$people" ] || wrong "keep people, or erase them: not both"; people=${1#--}; people=${people%-people} ;;
    --help | -h) help; exit 0 ;;
    *) wrong "there is no option $1" ;;
  esac
  shift
done
[ -z "$people" ] || [ $task = uninstall ] || wrong "--keep-people and --erase-people go with --uninstall"

gather_answers() {
  if [ -n "$answers_file" ]; then
    read_answers "$answers_file"
    answers_given=yes
  elif [ ! -e "$config" ]; then
    if [ -z "$assume_yes" ] && [ -z "$dry_run" ]; then ask_everything; fi
    answers_given=yes
  fi
  finish_answers
  choose_bridge
}

steps() {
  packages_step
  if [ -z "$dry" ]; then choose_release; fi # now that there is a Python
  users_step
  release_step
  keys_step
  config_step
  dropins_step
  switch_step
  command_step
  services_step
  prune_step
}

install_it() {
  [ -z "$(remembered uninstalling)" ] || fail "an uninstall was begun here. Finish it first: sudo deploy/setup.sh --uninstall"
  look_at_machine
  gather_answers
  choose_release
  say "what is to be done"
  dry=yes
  steps
  dry=$dry_run
  if [ -n "$dry" ]; then return; fi
  if [ "$changes" -eq 0 ]; then
    tell "nothing: $wanted is in use, and all is in its place"
  else
    confirm "Do all this?" || fail "nothing was changed"
    say "doing it"
    steps
    click_step
  fi
  enrol_step
  examine
  advise
  say "the door is guarded. What to know next: docs/install.md, and sudo faceplate --help"
}

if [ -z "$dry_run" ]; then
  [ "$(id -u)" -eq 0 ] || fail "this needs root: sudo deploy/setup.sh (or --dry-run, which needs nothing)"
  one_at_a_time
fi
case $task in
  install) install_it ;;
  uninstall) uninstall ;;
esac
