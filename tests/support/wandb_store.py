"""What a Weights & Biases server keeps, and its answers to the questions that the client's runs and artifacts need.

Written from what wandb 0.31 sends. It takes nothing on trust: a file arrives under the name and sum that were announced, a line where
the one before ended, an artifact is whole when it is committed. Everything else is refused.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OWNER = "someone"
"""Of the key; who names no entity means this one."""
Variables = Mapping[str, Any]


class RefusedError(Exception):
    """A request that the server does not take."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Run:
    """One run."""

    project: str
    name: str
    display_name: str = ""
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Streamed file -> its lines."""
    exit_code: int | None = None
    """None while it runs."""

    @property
    def history(self) -> list[dict[str, Any]]:
        """What was logged, one record a step."""
        return [json.loads(line) for line in self.lines.get("wandb-history.jsonl", [])]


@dataclass
class Artifact:
    """One version of an artifact."""

    identity: str
    collection: str
    kind: str
    digest: str
    committed: bool = False
    manifest: dict[str, bytes] = field(default_factory=dict[str, bytes])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True)
class Slot:
    """Where a file may be put."""

    into: dict[str, bytes]
    name: str
    md5: str = ""
    """Base64; empty: not announced."""


@dataclass
class Store:
    """All runs and artifacts."""

    url: str
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    artifacts: list[Artifact] = field(default_factory=list[Artifact])
    """In the order in which they were created."""
    slots: list[Slot] = field(default_factory=list[Slot])

    def artifact(self, collection: str) -> Artifact:
        """The one committed version of a collection."""
        [found] = [one for one in self.artifacts if one.collection == collection and one.committed]
        return found

    def put(self, number: str, data: bytes) -> None:
        """Take a file for a slot."""
        if not number.isdigit() or int(number) >= len(self.slots):
            raise RefusedError(f"expected an address that was given out, got {number}", 403)
        slot = self.slots[int(number)]
        if slot.md5 and slot.md5 != _md5(data):
            raise RefusedError(f"{slot.name}: expected the sum {slot.md5}, got {_md5(data)}")
        slot.into[slot.name] = data

    def stream(self, name: str, said: Variables) -> None:
        """Take lines of a run's files, each where it says."""
        run = self._run(name)
        if unknown := said.keys() - {"files", "complete", "exitcode", "uploaded", "dropped"}:
            raise RefusedError(f"file_stream: unknown {sorted(unknown)}")
        for file, part in (said.get("files") or {}).items():
            lines, start = run.lines.setdefault(file, []), part["offset"]
            if start > len(lines):
                raise RefusedError(f"{file}: expected line {len(lines)} at most, got {start}")
            lines[start : start + len(part["content"])] = part["content"]
        if said.get("complete"):
            run.exit_code = said["exitcode"]

    def ask(self, operation: str, variables: Variables) -> dict[str, Any]:
        """Answer a GraphQL operation by its name."""
        known: Mapping[str, Callable[[Variables], dict[str, Any]]] = {
            "ServerFeaturesQuery": lambda _: {"serverInfo": {"features": []}},
            "UpsertBucket": self._upsert_run,
            "CreateRunFiles": self._create_run_files,
            "CreateArtifact": self._create_artifact,
            "CreateArtifactManifest": self._create_manifest,
            "CreateArtifactFiles": self._create_artifact_files,
            "CommitArtifact": self._commit_artifact,
        }
        if operation not in known:
            raise RefusedError(f"unknown operation {operation}")
        return known[operation](variables)

    def _run(self, name: str) -> Run:
        if name not in self.runs:
            raise RefusedError(f"expected a run, got {name}", 404)
        return self.runs[name]

    def _by_id(self, identity: str) -> Artifact:
        if found := [one for one in self.artifacts if one.identity == identity]:
            return found[0]
        raise RefusedError(f"expected an artifact, got {identity}", 404)

    def _address(self, slot: Slot) -> str:
        self.slots.append(slot)
        return f"{self.url}/put/{len(self.slots) - 1}"

    def _upsert_run(self, asked: Variables) -> dict[str, Any]:
        inserted = asked["name"] not in self.runs
        run = self.runs.setdefault(asked["name"], Run(asked["project"], asked["name"]))
        run.display_name = asked["displayName"] or run.display_name
        run.config |= json.loads(asked["config"] or "{}")
        bucket = {
            "id": run.name, "name": run.name, "displayName": run.display_name, "description": None,
            "config": json.dumps(run.config), "sweepName": None, "project": _project(run.project),
            "historyLineCount": len(run.history),
        }  # fmt: skip
        return {"upsertBucket": {"bucket": bucket, "inserted": inserted}}

    def _create_run_files(self, asked: Variables) -> dict[str, Any]:
        run = self._run(asked["run"])
        files = [{"name": name, "uploadUrl": self._address(Slot(run.files, name))} for name in asked["files"]]
        return {"createRunFiles": {"runID": run.name, "uploadHeaders": [], "files": files}}

    def _create_artifact(self, asked: Variables) -> dict[str, Any]:
        """A new version, or the committed one with the same content."""
        wanted = asked["input"]
        self._run(wanted["runName"])
        collection, digest = wanted["artifactCollectionName"], wanted["digest"]
        versions = [one for one in self.artifacts if one.collection == collection and one.committed]
        same = next((one for one in versions if one.digest == digest), None)
        made = same or Artifact(f"artifact-{len(self.artifacts)}", collection, wanted["artifactTypeName"], digest)
        if not same:
            self.artifacts.append(made)
        latest = {"id": versions[-1].identity} if versions else None
        state = "COMMITTED" if made.committed else "PENDING"
        answer = {"id": made.identity, "state": state, "artifactSequence": {"latestArtifact": latest}}
        return {"createArtifact": {"artifact": answer}}

    def _create_manifest(self, asked: Variables) -> dict[str, Any]:
        """Its identity is its artifact's; only when the files are there it is asked for with an address."""
        artifact = self._by_id(asked["artifactID"])
        file: dict[str, Any] = {"id": artifact.identity}
        if asked["includeUpload"]:
            file |= {"uploadUrl": self._address(Slot(artifact.manifest, "", asked["digest"])), "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": artifact.identity, "file": file}}}

    def _create_artifact_files(self, asked: Variables) -> dict[str, Any]:
        edges: list[dict[str, Any]] = []
        for file in asked["input"]["artifactFiles"]:
            artifact = self._by_id(file["artifactID"])
            address = self._address(Slot(artifact.files, file["name"], file["md5"]))
            node = {"storagePath": file["name"], "uploadUrl": address, "uploadHeaders": [], "uploadMultipartUrls": None}
            edges.append({"node": node | {"artifact": {"id": artifact.identity}}})
        return {"createArtifactFiles": {"files": {"edges": edges}}}

    def _commit_artifact(self, asked: Variables) -> dict[str, Any]:
        """Take an artifact whose manifest and files are all there, and are what its digest says."""
        artifact = self._by_id(asked["artifactID"])
        promised = {name: entry["digest"] for name, entry in json.loads(artifact.manifest[""])["contents"].items()}
        if promised != {name: _md5(data) for name, data in artifact.files.items()}:
            raise RefusedError(f"expected the files {promised}, got {sorted(artifact.files)}")
        if artifact.digest != digest_of(promised):
            raise RefusedError(f"expected an artifact of digest {artifact.digest}, got {digest_of(promised)}")
        artifact.committed = True
        return {"commitArtifact": {"artifact": {"id": artifact.identity, "digest": artifact.digest}}}


def digest_of(contents: Mapping[str, str]) -> str:
    """W&B's name of an artifact's content, from the sums of its files."""
    lines = "".join(f"{name}:{md5}\n" for name, md5 in sorted(contents.items()))
    return hashlib.md5(f"wandb-artifact-manifest-v1\n{lines}".encode(), usedforsecurity=False).hexdigest()


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _project(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "entity": {"id": OWNER, "name": OWNER}}
