"""The scripts of .ci, run with stand-ins for R and apt on a PATH of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")


@pytest.fixture
def run(tmp_path):
    """`run(script, *arguments, **programs)`: runs it where each name in `programs` is a shell script of that text."""
    tools = ["sh", "awk", "cat", "dirname", "env", "grep", "head", "id", "mktemp", "rm", "sed", "tail", "tr"]

    def go(script: str, *arguments: str, environment=None, **programs: str) -> subprocess.CompletedProcess:
        for name, text in programs.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
            path.chmod(0o755)
        for tool in tools:
            if not (tmp_path / tool).exists():
                (tmp_path / tool).symlink_to(shutil.which(tool))
        return subprocess.run([ROOT / ".ci" / script, *arguments], capture_output=True, text=True, check=False,
                              env={"PATH": str(tmp_path), "HOME": str(tmp_path), **(environment or {})})

    return go


@pytest.mark.parametrize(("version", "expected"), [
    ("1.28", "python<3.12 numpy<2 pandas<3"),
    ("1.33", "python<3.13 numpy<2 pandas<3"),
    ("1.38.0", "python<3.13 pandas<3"),
    ("1.44.1", "pandas<3"),
    ("1.46.0.9000", ""),
])
def test_the_limits_are_those_of_the_installed_reticulate(run, version, expected):
    assert run("limits", Rscript=f"printf {version}").stdout.split() == expected.split()


def test_without_r_the_limits_are_those_of_what_apt_would_install(run):
    assert run("limits", apt_cache="echo 'Version: 1.41.0+dfsg-1'").stdout.split() == ["pandas<3"]
    assert run("limits", apt_cache="exit 1").stdout.split() == ["python<3.12", "numpy<2", "pandas<3"]


def _python(version: int) -> str:
    """A program that answers the probe of .ci/python as Python 3.`version` would, with all that is asked for."""
    fits = f'[ "$3" -le {version} ] && [ {version} -le "$4" ]'
    return f'case "$2" in *realpath*) echo "$0";; *) {fits} || {{ echo "is Python 3.{version}"; exit 1; }};; esac'


def test_the_python_is_the_newest_that_reticulate_knows(run):
    pythons = {f"python3.{minor}": _python(minor) for minor in (12, 13)}
    chosen = {version: run("python", Rscript=f"printf {version}", **pythons, environment={"PYTHON": path}).stdout
              for version, path in (("1.46", "python3.13"), ("1.33", "python3.12"))}
    assert [Path(path.strip()).name for path in chosen.values()] == ["python3.13", "python3.12"]
    refused = run("python", Rscript="printf 1.39", environment={"PYTHON": "python3.13"})
    assert refused.returncode == 1
    assert "is Python 3.13" in refused.stderr
    assert Path(run("python", "modern").stdout.strip()).name == "python3.13"


def test_only_old_pythons_are_not_modern(run):
    refused = run("python", "modern", **{"python3.12": "echo 'is Python 3.11, not 3.12 to 3.13'; exit 1"})
    assert refused.returncode == 1
    assert "is Python 3.11" in refused.stderr


APT = """
count=$(cat {folder}/count 2>/dev/null || echo 0)
echo "$@" >> {folder}/asked
echo $((count + 1)) > {folder}/count
if [ $count -lt {times} ]; then
  echo "{message}" >&2
  exit 100
fi
printf '#!/bin/sh\\n' > {folder}/Rscript
{folder}/chmod 755 {folder}/Rscript
"""
HELD = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 25422 (apt-get)"
IN_USE = ("E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), "
          "is another process using it?")


@pytest.mark.skipif(os.geteuid() != 0, reason="sudo would ask")
@pytest.mark.parametrize("message", [HELD, IN_USE])
def test_the_set_up_waits_for_another_apt(run, tmp_path, message):
    (tmp_path / "chmod").symlink_to(shutil.which("chmod"))
    apt = APT.format(folder=tmp_path, times=2, message=message)
    done = run("system", "r", apt_get=apt, sleep="exit 0", apt_cache="exit 1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Waiting for another apt to end") == 1
    asked = (tmp_path / "asked").read_text("utf-8").splitlines()
    assert len(asked) == 3
    assert all(line.startswith("-o DPkg::Lock::Timeout=10 install") for line in asked)


@pytest.mark.skipif(os.geteuid() != 0, reason="sudo would ask")
def test_any_other_failure_of_apt_is_told_at_once(run, tmp_path):
    apt = APT.format(folder=tmp_path, times=99, message="E: Unable to locate package r-cran-cli")
    done = run("system", "r", apt_get=apt, sleep="exit 0", apt_cache="exit 1")
    assert done.returncode == 1
    assert "Unable to locate package r-cran-cli" in done.stderr
    assert "Waiting" not in done.stdout
    assert len((tmp_path / "asked").read_text("utf-8").splitlines()) == 3  # install, update, install
