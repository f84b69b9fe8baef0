"""The tests use a fake Windows registry. The tests in ``tests/windows`` use the real registry."""

import ast
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import arcade_otel
from arcade_otel import settings
from arcade_otel.storage import windows

VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
PROFILES = VERSION + r"\ProfileList"


class _Key(SimpleNamespace):
    def __enter__(self) -> "_Key":
        return self

    def __exit__(self, *error: object) -> None:
        pass


def registry(values: dict[tuple[str, str], object]) -> ModuleType:
    """Return a module ``winreg`` whose HKEY_LOCAL_MACHINE has the given values."""
    made = ModuleType("winreg")

    def query(key: _Key, name: str) -> tuple[object, int]:
        if (key.path, name) not in values:
            raise FileNotFoundError(2, "no such value")
        return values[key.path, name], 1

    made.__dict__.update(
        HKEY_LOCAL_MACHINE=1,
        KEY_READ=1,
        KEY_WOW64_64KEY=256,
        OpenKey=lambda _root, path, _reserved, _access: _Key(path=path),
        QueryValueEx=query,
    )
    return made


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({(PROFILES, "ProgramData"): r"%SystemDrive%\ProgramData", (VERSION, "SystemRoot"): r"D:\Windows"}, r"D:\ProgramData"),
        ({(PROFILES, "ProgramData"): r"E:\All"}, r"E:\All"),
        ({(PROFILES, "ProgramData"): r"%PROGRAMDATA%\x"}, r"C:\ProgramData"),
        ({(PROFILES, "ProgramData"): 7}, r"C:\ProgramData"),
        ({}, r"C:\ProgramData"),
    ],
)
def test_the_users_environment_does_not_say_where_the_policy_is(
    monkeypatch: pytest.MonkeyPatch, values: dict[tuple[str, str], object], expected: str
) -> None:
    """Otherwise ``set PROGRAMDATA=…`` would undo the administrator's decision."""
    monkeypatch.setitem(sys.modules, "winreg", registry(values))
    monkeypatch.setenv("PROGRAMDATA", r"C:\Users\me")
    monkeypatch.setenv("SystemDrive", "Z:")
    assert windows.program_data() == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (r"C:\Users\me\.arcade", r"C:\Users\me\.arcade"),
        ("C:\\" + "a" * 120, "\\\\?\\C:\\" + "a" * 120),
        ("C:/b/" + "a" * 120, "\\\\?\\C:\\b\\" + "a" * 120),
        (r"\\server\share" + "\\" + "a" * 120, r"\\?\UNC\server\share" + "\\" + "a" * 120),
        ("\\\\?\\C:\\" + "a" * 120, "\\\\?\\C:\\" + "a" * 120),
    ],
)
def test_a_directory_near_the_limit_of_paths_can_be_used(path: str, expected: str) -> None:
    """Without the prefix, Windows opens no path of 260 characters or more."""
    assert windows.long_path(path) == expected


def test_windows_home_is_userprofile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git Bash sets HOME, and the library ignores HOME on Windows."""
    monkeypatch.setattr(sys, "platform", "win32")
    environ = {"USERPROFILE": str(tmp_path), "HOME": "/elsewhere"}
    assert settings.default_config_dir(environ) == str(tmp_path / ".arcade")
    assert settings.default_config_dir({"HOME": str(tmp_path)}) == ""


def test_every_file_is_opened_in_binary_mode() -> None:
    """Windows' text mode changes the ends of lines, and ends a file at Ctrl-Z."""
    package = Path(arcade_otel.__file__).parent
    only_posix = ("storage/files.py", "doctor/directory.py")
    found = 0
    for path in [*package.rglob("*.py"), *(package.parent / "exporters").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        calls = [ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        opened = [call for call in calls if call.startswith(("os.open(", "_open_file("))]
        if [call for call in opened if "DIRECTORY" not in call and "devnull" not in call]:
            found += 1
            assert "O_BINARY" in source or path.as_posix().endswith((*only_posix, "storage/windows.py")), path
    assert found > 4
