#!/bin/bash
# Mutation testing: change the rules of access, or the door, in every small way, and see whether a test notices.
#   bash tests/mutation/run.sh access|door [FOLDER [MUTANT...]]
# FOLDER holds a copy of the project and what came of it; by default .venv/mutation/access or .../door. Takes some
# twenty minutes on two cores, less with the names of some mutants, such as 'faceplate.access.pin.*'. `mutmut results`
# and `mutmut show NAME`, from FOLDER, tell of each survivor.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/common.sh"

package=${1:-}
case $package in
  access) tests='"tests/daemon/test_visit.py", "tests/daemon/test_reception.py", "tests/daemon/test_access*.py", "tests/daemon/test_standing.py"' ;;
  door) tests='"tests/daemon/test_door*.py", "tests/contract/test_lock_drivers.py", "tests/contract/test_switches.py", "tests/contract/test_panels.py"' ;;
  *) fail "expected access or door, got '$package'" ;;
esac

python=$(python_from 3.11)
[ -n "$python" ] || fail "Python 3.11 or newer is needed"
environment mutation "$python" "[pi]" 'mutmut>=3.8' 'pytest>=8.3' 'hypothesis>=6.115'

folder=${2:-$root/.venv/mutation/$package}
rm -rf "$folder"
mkdir -p "$folder/src"
# mutmut takes the folder src/ to be what is imported.
cp -r "$root/daemon/faceplate" "$folder/src/faceplate"
cp -r "$root/tests" "$root/config.yaml" "$root/docs" "$root/systemd" "$folder"
# A list of files, for mutmut hands the words to pytest as they are.
expand() { (cd "$folder" && for word in ${tests//[\",]/}; do printf '"%s", ' "$word"; done); }
cat >"$folder/pyproject.toml" <<END
[tool.pytest.ini_options]
pythonpath = ["tests"]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]
markers = ["research_data: -", "trainer: -", "mosquitto: -"]

[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/faceplate/$package/*.py", "src/faceplate/$package/*/*.py"]
also_copy = ["tests", "config.yaml", "docs", "systemd"]
pytest_add_cli_args_test_selection = [$(expand)]
END

cd "$folder"
# Few examples and traces: each mutant is tried with all of them.
export FACEPLATE_TRACES=200 FACEPLATE_EXAMPLES=25 CI=1
# Processes that the tests start import what is installed, which is the working tree: leave that alone meanwhile.
"$root/.venv/mutation/bin/mutmut" run "${@:3}"
"$root/.venv/mutation/bin/mutmut" results
