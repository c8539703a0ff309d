"""What a hub keeps: repositories with their commits, branches and large files, in memory.

Large files are content-addressed and shared by all repositories; a commit that names one that was never uploaded is refused,
as the real hub refuses it.
"""

import hashlib
from dataclasses import dataclass, field

LARGE = (".safetensors", ".parquet")
"""Files that go the way of large ones; the rest is sent inside the commit."""


class RefusedError(Exception):
    """What the hub answers instead: status, error code of its header, message and what else it says."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.code, self.content = status, code, {"error": message, **more}


@dataclass(frozen=True)
class Commit:
    """One state of a repository."""

    sha: str
    parent: str
    title: str
    files: dict[str, bytes]


@dataclass
class Repository:
    """One repository."""

    private: bool
    commits: dict[str, Commit] = field(default_factory=dict[str, Commit])
    refs: dict[str, str] = field(default_factory=dict[str, str])
    """Branch, or `refs/pr/N` -> sha."""

    def at(self, revision: str) -> Commit:
        """The commit of a branch, a pull request or a sha."""
        sha = self.refs.get(revision, revision)
        if sha not in self.commits:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.commits[sha]

    def commit(self, files: dict[str, bytes], *, title: str, onto: str, to: str) -> Commit:
        """A new commit with these files besides those of `onto`; `to` points at it."""
        parent = self.refs.get(onto, "")
        merged = (self.commits[parent].files if parent else {}) | files
        identity = repr((parent, title, sorted((name, oid(data)) for name, data in merged.items())))
        commit = Commit(hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest(), parent, title, merged)
        self.commits[commit.sha] = commit
        self.refs[to] = commit.sha
        return commit


def oid(data: bytes) -> str:
    """Git's name of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    """LFS's name of it."""
    return hashlib.sha256(data).hexdigest()


def is_large(path: str) -> bool:
    """Whether the file is uploaded before the commit that names it."""
    return path.endswith(LARGE)


@dataclass
class Store:
    """All repositories of one hub."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict[tuple[str, str], Repository])
    """(`models` or `datasets`, `user/name`)."""
    large: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """sha256 -> content."""

    def create(self, kind: str, name: str, *, private: bool) -> None:
        """A new repository with its first commit; refused when it exists."""
        if (kind, name) in self.repositories:
            raise RefusedError(409, "", f"You already created this {kind} repo", url=name)
        self.repositories[kind, name] = Repository(private)
        attributes = {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"}
        self.repositories[kind, name].commit(attributes, title="initial commit", onto="main", to="main")

    def find(self, kind: str, name: str, *, user: str | None) -> Repository:
        """A repository that this user may read."""
        found = self.repositories.get((kind, name))
        if found is None or (found.private and user is None):
            raise RefusedError(401 if user is None else 404, "RepoNotFound", "Repository not found")
        return found
