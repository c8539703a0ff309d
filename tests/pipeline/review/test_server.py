"""The review's server: for one person on this machine, and for no page of another site."""

import http.client
import json
from collections.abc import Mapping

import pytest

from labeling.judges.human import read_pick
from pipeline.ledger import Ledger
from tests.support.reviewing import Served, make_sweep

PICK = {"prompt_id": "clear", "outcome": "ok", "scale": -2.0}


def ask(served: Served, method: str, path: str, headers: Mapping[str, str], body: object = None) -> tuple[int, bytes]:
    """The answer to a request: code and content."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=dict(headers))
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def pick(served: Served, body: object = PICK, **headers: str) -> tuple[int, bytes]:
    """The answer to a pick with the right token, unless the headers say otherwise."""
    sent = {"X-Token": served.site.token} | {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(served, "POST", "/pick", sent, body)


def test_a_pick_is_kept_and_answered_with_the_agreement(served: Served, memory: Ledger) -> None:
    """The control of all refusals below."""
    code, content = pick(served, Origin=f"http://127.0.0.1:{served.port}")
    assert code == 200
    assert json.loads(content)["agreement"]["within_one_step"]["value"] == 1.0
    kept = read_pick(memory, make_sweep("clear"))
    assert kept is not None
    assert kept.scale == -2.0


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Token": "guessed"},
        {"X_Token": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
    ],
)
def test_who_does_not_come_from_the_page_is_refused(served: Served, memory: Ledger, headers: dict[str, str]) -> None:
    """No token, another site's page, and a foreign name that points to this machine."""
    code, content = pick(served, **headers)
    assert code == 403
    assert served.site.token.encode() not in content
    assert read_pick(memory, make_sweep("clear")) is None


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=x", "/picture/clear/-1.0"])
def test_nothing_is_shown_without_the_token(served: Served, path: str) -> None:
    """Neither the page nor a picture."""
    assert ask(served, "GET", path, {})[0] == 403


def test_a_picture_comes_with_the_token(served: Served) -> None:
    """As WebP; what is not there is not found."""
    token = f"?token={served.site.token}"
    code, content = ask(served, "GET", f"/picture/clear/-1.0{token}", {})
    assert (code, content[:4], content[8:12]) == (200, b"RIFF", b"WEBP")
    for path in ("/picture/clear/-9", "/picture/nobody/-1.0", "/picture/clear/x", "/picture/../../etc/passwd", "/etc"):
        assert ask(served, "GET", path + token, {})[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {"prompt_id": "clear", "outcome": "ok", "scale": None},
        {"prompt_id": "clear", "outcome": "ok", "scale": -99.0},
        {"prompt_id": "nobody", "outcome": "absent", "scale": None},
        {"prompt_id": "clear", "outcome": "ok", "scale": -1.0, "cost": 1},
        {"outcome": "absent"},
        ["clear"],
    ],
)
def test_what_is_no_pick_is_refused(served: Served, memory: Ledger, body: object) -> None:
    """With a line that says why, and without a trace in the ledger."""
    code, content = pick(served, body)
    assert code == 400
    assert content.startswith(b"expected a pick, got")
    assert read_pick(memory, make_sweep("clear")) is None


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    """And its pages may load nothing from elsewhere."""
    with served.site.open() as server:
        assert server.server_address[0] == "127.0.0.1"
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", f"/?token={served.site.token}")
    reply = connection.getresponse()
    policy = reply.getheader("Content-Security-Policy") or ""
    content = reply.read().decode()
    connection.close()
    assert policy.startswith("default-src 'none'")
    assert "http" not in content.replace("http-equiv", "").split("<main")[0]
