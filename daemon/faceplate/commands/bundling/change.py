"""Putting another bundle in force: check it, try it, ask, and only then switch."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faceplate.commands.bundling.report import Trial
from faceplate.commands.bundling.trial import Side, at_the_door, check, clip, side_of, trial_of, watch
from faceplate.commands.common import ExitCode, config_of, set_up_logging
from faceplate.commands.either import Record, daemon_runs, order_either
from faceplate.config import Config
from faceplate.errors import ConfigError, ModelError, OrderRefusedError, StoreError
from faceplate.model.bundle import installed_label, installed_manifest
from faceplate.model.bundle_store import BundleStore
from faceplate.model.package import read_folder, read_package
from faceplate.orders.bundle_commands import bundle_commands
from faceplate.people.person import Person
from faceplate.recognition import named_bundle
from faceplate.shadow import Visit

_LONGEST_SHADOW: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Change:
    """One bundle in place of another."""

    config: Config
    store: BundleStore
    before: str
    to: str
    """Names in the store"""


def install(arguments: argparse.Namespace) -> ExitCode:
    """`faceplate bundle install`."""
    config, store = _store_of(arguments)
    _check_shadow(arguments, config)
    files = _files(arguments.source, arguments.sha256)
    before = store.history()[-1]
    to = store.add(files, lambda folder: check(config, folder))
    change = Change(config, store, before, to)
    if to == before:
        _say({"switched": False, "refused": "", "label": _label(change)}, ["it is in force already"], arguments)
        return ExitCode.OK
    try:
        _try_and_switch(change, arguments, _side_in_force(change))
    finally:
        store.discard(to)  # nothing where it is in force now
    return ExitCode.OK


def rollback(arguments: argparse.Namespace) -> ExitCode:
    """`faceplate bundle rollback`."""
    config, store = _store_of(arguments)
    *_, to, before = (None, *store.history())
    if to is None:
        raise ModelError("no bundle was in force before this one; see `faceplate bundle list`")
    check(config, store.folder_of(to))
    change = Change(config, store, before, to)
    _try_and_switch(change, arguments, _side_in_force(change))
    return ExitCode.OK


def _store_of(arguments: argparse.Namespace) -> tuple[Config, BundleStore]:
    config = config_of(arguments)
    set_up_logging(config.log)
    if why_not := named_bundle(config.vision):
        raise ConfigError(why_not)
    return config, BundleStore(config.vision.bundle_store)


def _files(source: Path, sha256: str | None) -> dict[str, bytes]:
    if not source.is_dir():
        return read_package(source, sha256)
    if sha256 is not None:
        raise ModelError(f"--sha256 is of a file, and {source} is a folder: pack it with `faceplate-train pack`")
    return read_folder(source)


def _check_shadow(arguments: argparse.Namespace, config: Config) -> None:
    if arguments.shadow is None:
        return
    if not 0 < arguments.shadow <= _LONGEST_SHADOW:
        raise ConfigError(f"--shadow expects seconds, more than 0 and at most {_LONGEST_SHADOW}")
    if daemon_runs(config):
        raise OrderRefusedError("the running daemon has the camera: stop it for so long, or give a recording by --clip")


def _side_in_force(change: Change) -> Side | None:
    try:
        return side_of(change.config, change.store.folder_of(change.before))
    except (ModelError, ConfigError):
        return None  # why another is put in its place


def _try_and_switch(change: Change, arguments: argparse.Namespace, before: Side | None) -> None:
    after = side_of(change.config, change.store.folder_of(change.to))
    gallery = after.recognition.gallery
    version, people = gallery.version(), gallery.people()
    visits = _watched(before, after, arguments) if before else None
    trial = trial_of(people, before, after, visits)
    if not arguments.json:
        print("\n".join(trial.lines()), flush=True)
    refused = _refusal(trial, arguments)
    if refused:
        _say(trial.tree() | {"switched": False, "refused": refused}, [], arguments)
        raise OrderRefusedError(f"{refused}; the bundle in force is what it was")
    runs = daemon_runs(change.config)
    if people:
        _switch_with(change, after, people, version)
    else:
        _switch(change)
    told = "the daemon restarts with it" if runs else "it counts from the daemon's next start"
    tree = trial.tree() | {"switched": True, "refused": "", "restarts": runs}
    _say(tree, [f"{trial.after} is in force in place of {trial.before}; {told}"], arguments)


def _watched(before: Side, after: Side, arguments: argparse.Namespace) -> list[Visit] | None:
    if getattr(arguments, "clip", None) is not None:
        with clip(before.config, arguments.clip, by_picture=arguments.visits) as (frames, clock):
            return watch(before, after, frames, clock)
    if getattr(arguments, "shadow", None) is not None:
        with at_the_door(before.config, arguments.shadow) as (frames, clock):
            return watch(before, after, frames, clock)
    return None


def _refusal(trial: Trial, arguments: argparse.Namespace) -> str:
    """Why it is not put in force; empty: it is."""
    if dangers := trial.dangers():
        return f"refused: {dangers[0]}"
    if arguments.run is rollback:
        return ""  # whoever goes back has had it before
    if (losses := trial.losses()) and not arguments.accept_losses:
        return f"refused: {losses[0]} (--accept-losses switches all the same)"
    if arguments.yes:
        return f"refused: {trial.doubts()[0]} (answer that yourself, without --yes)" if trial.doubts() else ""
    if not sys.stdin.isatty():
        return "refused: there is nobody to ask; say --yes if what is told above is right"
    print("Put it in force? [y/N] ", end="", file=sys.stderr, flush=True)
    return "" if sys.stdin.readline().strip().lower() in {"y", "yes"} else "not wanted"


def _switch_with(change: Change, after: Side, people: Sequence[Person], version: object) -> None:
    """Keep everybody's new embeddings, and switch. Whatever ends this before its last step changes nothing."""
    recognition = after.recognition
    embedded = [recognition.current(person) for person in people if person.bundle != recognition.bundle.id]
    folders = map(change.store.folder_of, {*change.store.history(), change.to})
    kept = {manifest.id for manifest in map(installed_manifest, folders) if manifest}
    with recognition.gallery.changing():
        if recognition.gallery.version() != version:
            raise StoreError("somebody was enrolled, changed or removed meanwhile; nothing was changed, try again")
        recognition.gallery.keep_embedded(embedded, kept)
        _switch(change)


def _switch(change: Change) -> None:
    here = bundle_commands(change.store, Record(change.config).write, lambda: None)
    order_either(change.config, "bundle.switch", here, {"before": change.before, "to": change.to})


def _label(change: Change) -> str | None:
    return installed_label(change.store.folder_of(change.to))


def _say(tree: dict[str, object], lines: Sequence[str], arguments: argparse.Namespace) -> None:
    for line in [json.dumps(tree, ensure_ascii=False)] if arguments.json else lines:
        print(line)
