"""`faceplate bundle`: which networks the door uses, and how they are replaced."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceplate.commands.bundling import change
from faceplate.commands.bundling.report import licences_of
from faceplate.commands.common import ExitCode, Subparsers, config_of
from faceplate.errors import ModelError
from faceplate.model.bundle import Manifest, installed_manifest, load_bundle
from faceplate.model.bundle_store import BundleStore
from faceplate.recognition import bundle_folder


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bundle",
        help="install other networks, after a trial, and go back",
        description="Which model bundle the door uses, and how another takes its place: checked, tried beside the one "
        "in force, and put in force by one rename. Whoever is enrolled stays enrolled.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    options = argparse.ArgumentParser(add_help=False, parents=[common])
    options.add_argument("--json", action="store_true", help="one JSON object")
    _register_install(actions, options)
    back = actions.add_parser(
        "rollback",
        parents=[options],
        help="go back to the bundle that was in force before",
        description="Put the bundle in force that was before. People enrolled since stay, and people removed since "
        "stay removed. Refused only if that bundle is damaged, or would let somebody in as somebody else.",
    )
    back.set_defaults(run=change.rollback)
    listing = actions.add_parser("list", parents=[options], help="the bundles installed, and which is in force")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", parents=[options], help="what a bundle says of itself, checked whole")
    show.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="default: the one in force")
    show.set_defaults(run=_show)


def _register_install(actions: Subparsers, options: argparse.ArgumentParser) -> None:
    install = actions.add_parser(
        "install",
        parents=[options],
        help="try another bundle beside the one in force, and switch to it",
        description="Check a bundle, embed everybody anew from the pictures kept, tell what it would decide "
        "differently, ask, and switch. It is refused if it would let anybody in as somebody else, or recognises "
        "somebody no more whom the bundle in force does. A running daemon restarts with it; the door is locked "
        "meanwhile.",
        epilog="Example: faceplate bundle install new.bundle --sha256 9F86D0... --clip last-week.mp4",
    )
    install.add_argument("source", metavar="FILE|FOLDER", type=Path, help="by `faceplate-train pack`, or a bundle")
    install.add_argument("--sha256", metavar="HEX", help="what the file's hash must be, from whoever made it")
    shadow = install.add_mutually_exclusive_group()
    shadow.add_argument("--clip", metavar="SOURCE", type=Path, help="have both judge a video or a folder of pictures")
    shadow.add_argument(
        "--shadow", metavar="SECONDS", type=float, help="have both judge the door's camera; with the daemon stopped"
    )
    install.add_argument("--visits", action="store_true", help="each picture of --clip is a visit of its own")
    install.add_argument(
        "--accept-losses", action="store_true", help="switch even if somebody would not be recognised any more"
    )
    install.add_argument("--yes", action="store_true", help="do not ask; what only you can judge is refused")
    install.set_defaults(run=change.install)


def _list(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    store = BundleStore(config.vision.bundle_store)
    history = store.history()
    used = bundle_folder(config.vision)
    bundles = [_facts(name, store.folder_of(name), used, history) for name in store.names()]
    if config.vision.bundle != "default":
        bundles.append(_facts("vision.bundle", used, used, ()))
    if arguments.json:
        print(json.dumps({"bundles": bundles, "history": history}, ensure_ascii=False))
        return ExitCode.OK
    for facts in bundles:
        mark = "in force" if facts["in_force"] else "before" if facts["before"] else "installed"
        print(f"{facts['name']:34}{mark:10}{facts['label'] or 'not of this version, or damaged'}")
    return ExitCode.OK


def _facts(name: str, folder: Path, used: Path, history: tuple[str, ...]) -> dict[str, Any]:
    manifest = installed_manifest(folder)
    return {
        "name": name,
        "label": manifest and manifest.label,
        "in_force": folder == used,
        "before": history[-2:-1] == (name,),
        "folder": str(folder),
    }


def _show(arguments: argparse.Namespace) -> ExitCode:
    folder = arguments.folder or bundle_folder(config_of(arguments).vision)
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder; a packed bundle is shown while it is installed")
    manifest = load_bundle(folder).manifest
    facts = {
        "label": manifest.label,
        "id": manifest.id,
        "folder": str(folder),
        "contract": manifest.contract,
        "embedding_size": manifest.embedding_size,
        "calibrated_on_people": manifest.calibration.people,
        "lowest_false_accept_rate": _lowest(manifest),
        "licences": licences_of(manifest),
        "trainer": manifest.trainer,
        "installed": datetime.fromtimestamp(folder.stat().st_mtime, UTC).isoformat(timespec="seconds"),
    }
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False))
        return ExitCode.OK
    for key in ("label", "id", "folder", "contract", "embedding_size", "calibrated_on_people", "installed"):
        print(f"{key.replace('_', ' ')}: {facts[key]}")
    print(f"calibrated down to a false-accept rate of {_lowest(manifest):g}")
    for licence in licences_of(manifest):
        print(f"licence: {licence}")
    return ExitCode.OK


def _lowest(manifest: Manifest) -> float:
    return min(row.false_accept_rate for row in manifest.calibration.table)
