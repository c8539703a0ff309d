"""`import gie`: light, few names, and a clear word about what is missing."""

import subprocess
import sys

import pytest

import gie


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_importing_is_light() -> None:
    """Neither torch nor diffusers come with `import gie`."""
    assert run("import gie, sys; print({'torch', 'diffusers'} & set(sys.modules))").strip() == "set()"


def test_what_is_missing_is_named() -> None:
    """Without torch the error says which extra brings it."""
    out = run("import sys; sys.modules['torch'] = None\nfrom gie import inhibit")
    assert "gie.inhibit needs torch, which is not installed: pip install 'gie-erase[diffusion]'" in out


def test_an_unknown_name() -> None:
    """A misspelled name is an AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'inhibbit'"):
        _ = gie.inhibbit  # pyright: ignore[reportAttributeAccessIssue]
