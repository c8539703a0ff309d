"""Every relative link of the Markdown pages leads to a file, and every `#anchor` to a heading: `python -m checks.links`.

Addresses of other machines are not asked: a check that needs the network fails for reasons of its own.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["anchors", "broken", "main"]

ROOT = Path(__file__).parent.parent
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|href|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a page get: lower case, punctuation dropped, spaces to hyphens."""
    titles = (title.replace("`", "") for title in HEADING.findall(FENCED.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> Iterator[str]:
    """One line for each link of `page` that leads nowhere."""
    for match in LINK.findall(CODE.sub("", FENCED.sub("", page.read_text("utf-8")))):
        target: str = match[0] or match[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists():
            yield f"{page}: expected a file at {path}, got none"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8")):
            yield f"{page}: expected a heading #{anchor} in {file.name}, got none"


def pages(root: Path) -> list[Path]:
    """The Markdown files of the repository that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / line for line in listed.splitlines() if (root / line).exists()]


def main(root: Path = ROOT) -> int:
    """Print every broken link; the exit code is 1 when there is one."""
    found = [line for page in pages(root) for line in broken(page)]
    sys.stderr.writelines(f"{line}\n" for line in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
