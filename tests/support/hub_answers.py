"""What the hub answers: the endpoints that huggingface_hub's client calls, over `tests.support.hub_store`."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.support.hub_store import Commit, RefusedError, Repository, Store, is_large, oid, sha256

TOKEN = "hf_" + "s3cret" * 5
"""Of the one user; reading what is public needs none."""
USER = "someone"

Reply = tuple[Any, dict[str, str]]
"""Content (bytes or JSON) and headers."""


class Answering:
    """What the hub says to one request."""

    def __init__(self, store: Store, url: str, *, path: str, authorization: str | None) -> None:
        self.store, self.url = store, url
        address = urlsplit(path)
        self.query = parse_qs(address.query)
        self.parts = [unquote(part) for part in address.path.strip("/").split("/")]
        if authorization and authorization != f"Bearer {TOKEN}":
            raise RefusedError(401, "", "Invalid credentials in Authorization header")
        self.user = USER if authorization else None

    def answer(self, method: str, body: bytes) -> Reply:  # noqa: PLR0911 - one endpoint a line
        """Find what is asked for."""
        match method, self.parts:
            case "POST", ["api", "repos", "create"]:
                return self._create(json.loads(body))
            case "POST", ["api", "validate-yaml"]:
                return self._validate(json.loads(body)["content"])
            case "GET", ["api", "whoami-v2"]:
                self._login()
                return {"type": "user", "name": USER, "orgs": []}, {}
            case "PUT", ["lfs-upload", digest]:
                self.store.large[digest] = body
                return {}, {}
            case "POST", ["lfs-verify", digest]:
                if digest not in self.store.large:
                    raise RefusedError(404, "EntryNotFound", f"never uploaded: {digest}")
                return {}, {}
            case _, ["api", ("models" | "datasets") as kind, user, name, *rest]:
                return self._repository(kind, f"{user}/{name}", rest, body)
            case _, ["datasets", user, name, *rest]:
                return self._files("datasets", f"{user}/{name}", rest, body)
            case _, [user, name, *rest]:
                return self._files("models", f"{user}/{name}", rest, body)
            case _:
                raise RefusedError(404, "", f"no such place: {self.parts}")

    def _login(self) -> None:
        if self.user is None:
            raise RefusedError(401, "", "Invalid username or password.")

    def _create(self, asked: dict[str, Any]) -> Reply:
        self._login()
        kind = f"{asked.get('type') or 'model'}s"
        name = f"{asked.get('organization') or USER}/{asked['name']}"
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        self.store.create(kind, name, private=private)
        return {"url": f"{self.url}/{name}", "name": name, "id": name}, {}

    def _validate(self, card: str) -> Reply:
        try:
            metadata = yaml.safe_load(card.split("---")[1])
        except (IndexError, yaml.YAMLError) as error:
            raise RefusedError(400, "", f"Invalid metadata in README.md: {error}") from error
        needless = [] if metadata.get("license") else [{"message": "no license"}]
        return {"errors": [], "warnings": needless}, {}

    def _repository(self, kind: str, name: str, rest: list[str], body: bytes) -> Reply:
        repository = self.store.find(kind, name, user=self.user)
        match rest:
            case ["preupload", revision]:
                self._login()
                return self._preupload(repository.at(revision), json.loads(body))
            case ["commit", revision]:
                self._login()
                return self._commit(repository, name, revision, body)
            case ["tree", revision, *_]:
                return [_entry(path, data) for path, data in sorted(repository.at(revision).files.items())], {}
            case [] | ["revision", _]:
                commit = repository.at(rest[1] if rest else "main")
                siblings = [{"rfilename": path} for path in sorted(commit.files)]
                return {"id": name, "sha": commit.sha, "private": repository.private, "siblings": siblings}, {}
            case _:
                raise RefusedError(404, "", f"no such place: {rest}")

    def _preupload(self, commit: Commit, asked: dict[str, Any]) -> Reply:
        def mode(path: str) -> dict[str, Any]:
            there = commit.files.get(path)
            name = sha256 if is_large(path) else oid
            return {
                "path": path,
                "uploadMode": "lfs" if is_large(path) else "regular",
                "shouldIgnore": False,
                "oid": None if there is None else name(there),
            }

        return {"files": [mode(file["path"]) for file in asked["files"]]}, {}

    def _commit(self, repository: Repository, name: str, revision: str, body: bytes) -> Reply:
        lines = [json.loads(line) for line in body.splitlines()]
        header = lines[0]["value"]
        parent = header.get("parentCommit")
        if parent and parent != repository.refs.get(revision):
            raise RefusedError(412, "", "A commit has happened since. Please refresh and try again.")
        files = dict(map(self._file, lines[1:]))
        number = sum(ref.startswith("refs/pr/") for ref in repository.refs) + 1
        to = f"refs/pr/{number}" if "create_pr" in self.query else revision
        commit = repository.commit(files, title=header["summary"], onto=revision, to=to)
        url = f"{self.url}/{name}"
        pull = f"{url}/discussions/{number}" if to != revision else None
        return {"commitUrl": f"{url}/commit/{commit.sha}", "commitOid": commit.sha, "pullRequestUrl": pull}, {}

    def _file(self, line: dict[str, Any]) -> tuple[str, bytes]:
        value = line["value"]
        if line["key"] == "file":
            return value["path"], base64.b64decode(value["content"])
        content = self.store.large.get(value["oid"])
        if content is None:
            raise RefusedError(400, "", f"Your push was rejected because an LFS pointer points to nothing: {value}")
        return value["path"], content

    def _files(self, kind: str, name: str, rest: list[str], body: bytes) -> Reply:
        if rest == ["info", "lfs", "objects", "batch"] and name.endswith(".git"):
            self._login()
            return {"transfer": "basic", "objects": [self._upload(it) for it in json.loads(body)["objects"]]}, {}
        repository = self.store.find(kind, name, user=self.user)
        if rest[:1] != ["resolve"] or len(rest) < 3:
            raise RefusedError(404, "", f"no such place: {rest}")
        commit, path = repository.at(rest[1]), "/".join(rest[2:])
        if path not in commit.files:
            raise RefusedError(404, "EntryNotFound", f"no such file: {path}")
        data = commit.files[path]
        etag = sha256(data) if is_large(path) else oid(data)
        return data, {"ETag": f'"{etag}"', "X-Repo-Commit": commit.sha}

    def _upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["oid"] in self.store.large:
            return wanted
        places = {kind: {"href": f"{self.url}/lfs-{kind}/{wanted['oid']}"} for kind in ("upload", "verify")}
        return {**wanted, "actions": places}


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": oid(data)}
    if is_large(path):
        entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 130}
    return entry
