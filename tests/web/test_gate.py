"""Which requests are heard, one by one: no socket, no town."""

import pytest

from gastown_tmux.web.gate import HEADERS, bearer, judge
from gastown_tmux.web.tokens import MOST_TOKENS, SECRET_SECONDS, Keys

HOSTS = ("town.tail1234.ts.net",)
OWN = (b"host", b"127.0.0.1:7433")
JSON = (b"content-type", b"application/json")


def status(method: str, path: str, *headers: tuple[bytes, bytes]) -> int:
    refusal = judge(method, path, headers, HOSTS)
    return refusal.status if refusal else 200


def test_our_own_page_is_heard() -> None:
    same = (b"sec-fetch-site", b"same-origin")
    origin = (b"origin", b"http://127.0.0.1:7433")
    assert status("GET", "/", OWN, (b"sec-fetch-site", b"none"), (b"sec-fetch-mode", b"navigate")) == 200
    assert status("GET", "/static/main.js", OWN, same) == 200
    assert status("GET", "/api/stream", OWN, same) == 200
    assert status("POST", "/api/act", OWN, same, origin, JSON) == 200
    assert status("POST", "/api/act", OWN, same, origin, (b"content-type", b"application/json; charset=utf-8")) == 200


@pytest.mark.parametrize(
    "host", [b"127.0.0.1:7433", b"localhost:9999", b"[::1]:7433", b"LOCALHOST", b"town.tail1234.ts.net"]
)
def test_our_own_names(host: bytes) -> None:
    assert status("GET", "/", (b"host", host)) == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [b"evil.example"], [b"127.0.0.1.evil.example:7433"], [b"evil.example#127.0.0.1"], [b""], [],
        [b"127.0.0.1@evil"],
        [b"127.0.0.1", b"evil.example"], [b"localhost:1:1"], [b"0.0.0.0:7433"], [b"192.168.1.2"], [b"ts.net"],
    ],
)  # fmt: skip
def test_a_name_that_was_bound_to_us_is_none(hosts: list[bytes]) -> None:
    """DNS rebinding: another's page under another's name, which leads here."""
    assert status("GET", "/", *((b"host", host) for host in hosts)) == 421


@pytest.mark.parametrize(
    "origin",
    [
        b"http://127.0.0.1:3000", b"http://localhost:7433", b"https://evil.example", b"null", b"", b"http://127.0.0.1",
        b"ftp://127.0.0.1:7433", b"http://127.0.0.1:7433.evil", b"http://127.0.0.1:7433/",
    ],
)  # fmt: skip
def test_another_pages_origin(origin: bytes) -> None:
    """An agent's dev server on another port of the same address among them."""
    assert status("POST", "/api/token", OWN, JSON, (b"origin", origin)) == 403
    assert status("GET", "/api/poll", OWN, (b"origin", origin)) == 403


def test_two_origins_are_none() -> None:
    own = (b"origin", b"http://127.0.0.1:7433")
    assert status("POST", "/api/token", OWN, JSON, own, own) == 403


@pytest.mark.parametrize("site", [b"same-site", b"cross-site", b"anything"])
def test_what_a_browser_says_of_another_page(site: bytes) -> None:
    said = (b"sec-fetch-site", site)
    assert status("GET", "/api/poll", OWN, said) == 403
    assert status("POST", "/api/act", OWN, said, JSON) == 403
    assert status("GET", "/static/main.js", OWN, said, (b"sec-fetch-mode", b"no-cors")) == 403
    # A link that a person follows shows the page, which knows nothing.
    assert status("GET", "/", OWN, said, (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")) == 200
    assert status("GET", "/api/poll", OWN, said, (b"sec-fetch-mode", b"navigate")) == 403


@pytest.mark.parametrize("place", [b"iframe", b"frame", b"embed", b"object", b"fencedframe"])
def test_nobody_frames_us(place: bytes) -> None:
    navigates = (b"sec-fetch-mode", b"navigate")
    assert status("GET", "/", OWN, navigates, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-dest", place)) == 403
    assert status("GET", "/", OWN, navigates, (b"sec-fetch-site", b"same-origin"), (b"sec-fetch-dest", place)) == 403
    policy = dict(HEADERS)[b"content-security-policy"]
    assert b"frame-ancestors 'none'" in policy and b"unsafe" not in policy and b"default-src 'none'" in policy


def test_methods_and_kinds() -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
        assert status(method, "/api/act", OWN, JSON) == 405
    assert status("HEAD", "/", OWN) == 200
    assert status("POST", "/", OWN, JSON) == 405
    for kind in (b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b""):
        assert status("POST", "/api/act", OWN, (b"content-type", kind)) == 415  # what a form can send
    assert status("POST", "/api/act", OWN) == 415
    both = (b"content-length", b"2"), (b"transfer-encoding", b"chunked")
    assert status("POST", "/api/act", OWN, JSON, *both) == 400


def test_the_token_of_a_request() -> None:
    assert bearer([(b"authorization", b"Bearer abc")]) == "abc"
    assert bearer([(b"authorization", b"bearer  abc ")]) == "abc"
    for other in (b"Basic abc", b"Bearer", b"Bearer  ", b""):
        assert bearer([(b"authorization", other)]) is None
    assert bearer([(b"cookie", b"token=abc")]) is None
    assert bearer([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]) is None


def test_a_secret_is_good_once_and_for_a_minute() -> None:
    now = [0.0]
    keys = Keys(lambda: now[0])
    secret, other, late = keys.make_secret(), keys.make_secret(), keys.make_secret()
    token = keys.redeem(secret)
    assert token is not None and keys.knows(token) and keys.redeem(secret) is None
    assert keys.redeem("") is None and keys.redeem("é\ud800") is None and keys.redeem(token) is None
    now[0] = SECRET_SECONDS
    assert keys.redeem(other) is not None
    now[0] += 0.1
    assert keys.redeem(late) is None
    assert not keys.knows("") and not keys.knows(secret) and not keys.knows(token + "x")


def test_only_so_many_are_known() -> None:
    keys = Keys(lambda: 0.0)
    first = keys.redeem(keys.make_secret()) or ""
    tokens = [keys.redeem(keys.make_secret()) or "" for _ in range(MOST_TOKENS - 1)]
    assert keys.knows(first)  # and is forgotten last, for it asked last
    keys.redeem(keys.make_secret())
    assert keys.knows(first) and not keys.knows(tokens[0]) and keys.knows(tokens[-1])
    made = [keys.make_secret() for _ in range(30)]
    assert [keys.redeem(secret) is not None for secret in made] == [False] * 10 + [True] * 20
