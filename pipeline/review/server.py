"""A small server for one person on this machine: the page, its pictures, and the picks that come back.

It listens on 127.0.0.1 alone. Whoever asks must know the token of the address that was printed, and must have asked this server by
name: a page of another site can neither read a picture nor send a pick, and a name that another site points here is refused.
"""

import json
import secrets
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from labeling.judges.human import Pick
from pipeline.review.desk import Desk
from pipeline.review.page import render

MOST_BYTES = 10_000
"""Of a pick; no honest one comes near."""


@dataclass
class Site:
    """What one server shows and who may see it."""

    desk: Desk
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def open(self, port: int = 0) -> ThreadingHTTPServer:
        """A server that is bound but not yet serving; port 0 takes a free one."""
        site = self

        class Handler(Visitor):
            """Visitors of this site."""

            def __init__(self, *arguments: Any) -> None:
                self.site = site
                super().__init__(*arguments)

        return ThreadingHTTPServer(("127.0.0.1", port), Handler)

    def address(self, server: ThreadingHTTPServer) -> str:
        """What a person opens; it carries the token."""
        return f"http://127.0.0.1:{server.server_address[1]}/?token={self.token}"


class Visitor(BaseHTTPRequestHandler):
    """One request."""

    site: Site
    server_version, sys_version = "gie", ""

    def do_GET(self) -> None:
        """The page, or one of its pictures."""
        place = urlsplit(self.path)
        if not self._welcome(parse_qs(place.query).get("token", [""])[0]):
            return
        if place.path == "/":
            nonce = secrets.token_urlsafe(12)
            self._send(200, render(self.site.desk.page(self.site.token), nonce=nonce).encode(), "text/html", nonce)
            return
        parts = place.path.split("/")
        picture = self.site.desk.picture(unquote(parts[2]), parts[3]) if len(parts) == 4 else None
        if picture is None:
            self._send(404, b"no such picture", "text/plain")
        else:
            self._send(200, picture, "image/webp")

    def do_POST(self) -> None:
        """A pick; the answer is how far the person now agrees with the judge."""
        if not self._welcome(self.headers.get("X-Token", "")):
            return
        length = int(self.headers.get("Content-Length") or 0)
        if urlsplit(self.path).path != "/pick" or length > MOST_BYTES:
            self._send(404, b"expected a pick", "text/plain")
            return
        try:
            said = json.loads(self.rfile.read(length))
            prompt_id = str(said.pop("prompt_id"))
            agreement = self.site.desk.take(prompt_id, Pick.model_validate(said))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self._send(400, f"expected a pick, got {' '.join(str(error).split())}".encode(), "text/plain")
            return
        self._send(200, json.dumps({"agreement": agreement}).encode(), "application/json")

    def _welcome(self, token: str) -> bool:
        """Whether this is the person who was given the address; else the refusal is sent."""
        port = self.connection.getsockname()[1]
        own = {f"127.0.0.1:{port}", f"localhost:{port}"}
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        asked_here = host in own and (origin is None or origin.removeprefix("http://") in own)
        if asked_here and secrets.compare_digest(token.encode(), self.site.token.encode()):
            return True
        self._send(403, b"open the address that gie review printed", "text/plain")
        return False

    def _send(self, code: int, body: bytes, kind: str, nonce: str = "") -> None:
        self.send_response(code)
        text = kind.startswith(("text/", "application/"))
        policy = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; " if nonce else ""
        for name, value in {
            "Content-Type": f"{kind}; charset=utf-8" if text else kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": f"default-src 'none'; img-src 'self' data:; connect-src 'self'; {policy}frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: the address has the token in it."""
