"""The stand-ins of libraries in frozen programs: `installers/linux/stand_in.sh`."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "installers/linux/stand_in.sh"
LIBRARY = "int used(void) { return 7; } int asked(void) { return 7; } int unused(void) { return 7; }"
USER = "int used(void); int asked(void); int sum(void) { return used() + asked(); }"
ANSWER = "int asked(void) { return NUMBER; }"

pytestmark = pytest.mark.skipif(
    not (shutil.which("cc") and shutil.which("nm") and shutil.which("awk")), reason="needs a C compiler and binutils"
)


def _compile(folder: Path, name: str, source: str, *options: str) -> Path:
    (folder / f"{name}.c").write_text(source, "utf-8")
    output = folder / f"lib{name}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", output, folder / f"{name}.c", *options], check=True)
    return output


@pytest.mark.parametrize("versions", ["", "V_1 { global: asked; }; V_2 { global: used; };"])
def test_stand_in_keeps_what_its_user_links_to(tmp_path: Path, versions: str) -> None:
    (tmp_path / "versions").write_text(versions, "utf-8")
    named = [f"-Wl,--version-script={tmp_path / 'versions'}"] if versions else []
    name = tmp_path.name  # the loader takes libraries of one name for one library
    library = _compile(tmp_path, name, LIBRARY, f"-Wl,-soname,lib{name}.so", *named)
    user = _compile(tmp_path, "user", USER, f"-L{tmp_path}", f"-l{name}", f"-Wl,-rpath,{tmp_path}", "-Wl,-z,now")
    (tmp_path / "answer.c").write_text(ANSWER, "utf-8")
    command = ["sh", SCRIPT, library, user, tmp_path / "answer.c", "-DNUMBER=5"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert ctypes.CDLL(str(user), mode=ctypes.RTLD_LOCAL).sum() == 5
    assert not hasattr(ctypes.CDLL(str(library)), "unused")
