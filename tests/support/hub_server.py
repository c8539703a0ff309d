"""A hub on this machine: speaks the protocol of huggingface_hub's client over HTTP, and fails when it is told to.

    with running_hub() as hub:
        hub.fail("POST", "/commit/", 500)            # once
        hub.fail("PUT", "/lfs-upload/", DROP, times=9)

Writes need the token `TOKEN`. Every request is remembered, so that a test can count them.
"""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, cast

from tests.support.hub_answers import TOKEN, Answering
from tests.support.hub_store import Commit, RefusedError, Repository, Store
from tests.support.serving import serving

__all__ = ["DROP", "TOKEN", "Hub", "running_hub"]
DROP = 0
"""Instead of a status: the connection is closed without an answer."""


@dataclass
class Fault:
    """What goes wrong with the next requests of one sort."""

    method: str
    part: str
    """Found anywhere in the path."""
    status: int
    times: int = 1
    after: int = 0
    """So many such requests go well first."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    done: bool = False
    """The request takes effect and only its answer is lost."""


@dataclass
class Hub:
    """A running server."""

    url: str
    store: Store = field(default_factory=Store)
    faults: list[Fault] = field(default_factory=list[Fault])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """(method, path) in the order in which they came."""
    lock: Any = field(default_factory=threading.RLock)

    def fail(self, method: str, part: str, status: int, **how: Any) -> None:
        """Let the next requests with `part` in their path fail: `times`, `after`, `headers` and `done` as in `Fault`."""
        self.faults.append(Fault(method, part, status, **how))

    def count(self, method: str, part: str) -> int:
        """How many such requests came, the failed ones too."""
        return sum(verb == method and part in path for verb, path in self.requests)

    def repository(self, name: str, kind: str = "models") -> Repository:
        """A repository as it stands."""
        return self.store.repositories[kind, name]

    def head(self, name: str, kind: str = "models") -> Commit:
        """The last commit on main."""
        return self.repository(name, kind).at("main")

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets; it is used up."""
        for fault in self.faults:
            if fault.method == method and fault.part in path and fault.times:
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None


@contextmanager
def running_hub() -> Generator[Hub]:
    """A hub on a free port of this machine, empty."""
    with serving(Handler) as port:
        Handler.hubs[port] = Hub(f"http://127.0.0.1:{port}")
        try:
            yield Handler.hubs[port]
        finally:
            del Handler.hubs[port]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    hubs: ClassVar[dict[int, Hub]] = {}
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: two would wait for each other's acknowledgement

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        """Say nothing."""

    def do_GET(self) -> None:
        """Read."""
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - names of the base class

    def _serve(self) -> None:
        body = self._body()
        hub = self.hubs[int(cast("Any", self.server).server_port)]
        with hub.lock:
            hub.requests.append((self.command, self.path))
            fault = hub.fault(self.command, self.path)
            try:
                if fault and not fault.done:
                    self._fault(fault)
                    return
                asked = Answering(hub.store, hub.url, path=self.path, authorization=self.headers.get("Authorization"))
                answer = asked.answer(self.command, body)
            except RefusedError as refused:
                self._send(refused.status, refused.content, {"X-Error-Code": refused.code})
                return
        if fault:
            self._fault(fault)
        else:
            self._send(200, *answer)

    def _fault(self, fault: Fault) -> None:
        if fault.status == DROP:
            self.close_connection = True
            return
        self._send(fault.status, {"error": "as the test wished"}, fault.headers)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts: list[bytes] = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
