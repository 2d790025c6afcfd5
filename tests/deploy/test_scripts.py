"""The shell scripts, as far as they can be tried without installing anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted([*(ROOT / "deploy").rglob("*.sh"), ROOT / ".ci" / "run"])


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script that has what the deploy scripts share."""
    command = ["bash", "-c", f'set -euo pipefail; . "{ROOT}/deploy/common.sh"; {script}']
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_whole(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)
    is_sourced = script.name == "common.sh" or script.parent.name == "setup"
    assert is_sourced != os.access(script, os.X_OK)


def test_there_are_scripts() -> None:
    assert {"certificates.sh", "demo.sh", "setup.sh", "test.sh", "run"} <= {script.name for script in SCRIPTS}


def test_a_python_that_is_new_enough_is_found() -> None:
    found = shell("python_from 3.11").stdout.strip()
    assert subprocess.run([found, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=True)


def test_no_python_is_found_where_none_is_new_enough() -> None:
    done = shell("python_from 9.0")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="this is not Debian")
def test_packages_that_are_there_are_left_alone() -> None:
    done = shell("debian_packages bash coreutils")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_missing_packages_without_a_way_to_install_them_are_named(tmp_path: Path) -> None:
    for name in ("bash", "id", "dirname"):  # all there is on this machine: no apt, no dpkg
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = shell("debian_packages mosquitto", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "these programs are needed: mosquitto" in done.stderr


def test_an_environment_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """The second run: nothing is made and no network is needed."""
    python = shell("python_from 3.11").stdout.strip()
    prepared = f'root={tmp_path}; : >"$root/pyproject.toml"; mkdir -p "$root/.venv/x"'
    stamp = (
        f'{{ cat "$root/pyproject.toml"; {python} -VV; echo "[dev]" more "$root"; }} | sha256sum >"$root/.venv/x/stamp"'
    )
    done = shell(f'{prepared}; {stamp}; environment x {python} "[dev]" more')
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [file.name for file in (tmp_path / ".venv" / "x").iterdir()] == ["stamp"]


def test_a_second_certificate_is_of_the_same_authority(tmp_path: Path) -> None:
    script = ROOT / "deploy" / "mosquitto" / "certificates.sh"
    made = []
    for name in ("broker.lan", "other.lan"):
        subprocess.run([script, name], cwd=tmp_path, check=True, capture_output=True, timeout=60)
        made.append((tmp_path / "ca.crt").read_bytes())
        check = ["openssl", "verify", "-CAfile", "ca.crt", "-verify_hostname", name, "server.crt"]
        subprocess.run(check, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert made[0] == made[1]
    assert {file.name for file in tmp_path.iterdir()} >= {"ca.crt", "ca.key", "server.crt", "server.key"}
    assert all((tmp_path / key).stat().st_mode & 0o077 == 0 for key in ("ca.key", "server.key"))
    for words in ([], ["a", "b"], [""]):
        assert subprocess.run([script, *words], cwd=tmp_path, check=False, capture_output=True).returncode == 2
