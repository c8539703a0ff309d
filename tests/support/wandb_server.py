"""A Weights & Biases server on this machine: speaks the protocol of wandb's client over HTTP, and fails when it is told to.

    with running_wandb() as server:
        server.refuse("file_stream", 401)     # from now on

It serves runs and their files, the stream of their history, and artifacts; it needs the key `KEY`. Every request is remembered. What it
does not know is answered with 400 and remembered in `refused`, so that no test passes because nobody looked.
"""

import base64
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, cast

from tests.support.serving import serving
from tests.support.wandb_store import RefusedError, Store

KEY = "0123456789" * 4
DROP = 0
"""Instead of a status: the connection is closed without an answer."""


@dataclass
class Server:
    """A running server."""

    url: str
    store: Store
    asked: list[str] = field(default_factory=list[str])
    """GraphQL operations by name, other requests by path."""
    refused: list[str] = field(default_factory=list[str])
    """What the server did not take, with why; not what `refuse` asked for."""
    faults: dict[str, int] = field(default_factory=dict[str, int])
    lock: Any = field(default_factory=threading.RLock)

    def refuse(self, part: str, status: int) -> None:
        """From now on requests with `part` in their name get this status, or no answer with DROP; "" is all of them."""
        self.faults[part] = status

    def answer(self, path: str, body: bytes, authorization: str | None) -> Any:
        """What is said to a request; raises RefusedError."""
        if path.startswith("/put/"):  # the address is the permission
            self.store.put(path.removeprefix("/put/"), body)
            return {}
        if authorization != "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode():
            raise RefusedError("the key is not known here", 401)
        said = json.loads(body)
        match path.strip("/").split("/"):
            case ["graphql"]:
                return {"data": self.store.ask(said["operationName"], said.get("variables") or {})}
            case ["files", _, _, run, "file_stream"]:
                self.store.stream(run, said)
                return {}
            case _:
                raise RefusedError(f"unknown path {path}", 404)


@contextmanager
def running_wandb() -> Generator[Server]:
    """A server on a free port of this machine, empty."""
    with serving(Handler) as port:
        url = f"http://127.0.0.1:{port}"
        Handler.servers[port] = Server(url, Store(url))
        try:
            yield Handler.servers[port]
        finally:
            del Handler.servers[port]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    servers: ClassVar[dict[int, Server]] = {}
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        """Say nothing."""

    def handle(self) -> None:
        """Serve a connection; the client may leave it."""
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        """Everything."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.servers[int(cast("Any", self.server).server_port)]
        name = json.loads(body)["operationName"] if self.path == "/graphql" else self.path
        with server.lock:
            server.asked.append(name)
            status = next((status for part, status in server.faults.items() if part in name), None)
            if status is not None:
                self._send(status, _error("as the test wished"))
                return
            try:
                content = server.answer(self.path, body, self.headers.get("Authorization"))
            except RefusedError as refused:
                server.refused.append(f"{name}: {refused}")
                self._send(refused.status, _error(str(refused)))
                return
        self._send(200, content)

    do_GET = do_PUT = do_POST  # noqa: N815 - names of the base class

    def _send(self, status: int, content: Any) -> None:
        if status == DROP:
            self.close_connection = True
            return
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(data)


def _error(message: str) -> dict[str, Any]:
    return {"errors": [{"message": message}]}
