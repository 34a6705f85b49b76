"""Which requests are heard at all: nobody's page but our own may ask, under no name but our own.

A browser sends what it was told to by any page that it shows. So nothing is believed that it sends by itself: there is
no cookie, and the token comes by our own script. What is here keeps others' pages from asking, framing and reading.
"""

from collections.abc import Collection, Sequence

from gastown_tmux.dataclass import dataclass

API = "/api/"
LARGEST_HEAD = 16_384
LOOPBACK = frozenset(("127.0.0.1", "localhost", "[::1]"))
#: What goes with every answer: nothing but our own files is loaded, nobody frames us or hears where we led from.
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_FRAMES = frozenset(("iframe", "frame", "embed", "object", "fencedframe"))

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    message: str


def judge(method: str, path: str, headers: Headers, hosts: Collection[str]) -> Refusal | None:
    """Why it is not heard; None where it is. ``hosts`` are names beside this machine's own, of tunnels."""
    if sum(len(name) + len(value) for name, value in headers) + len(path) > LARGEST_HEAD:
        return Refusal(431, "that is too much at once")
    host = one(headers, b"host")
    if host is None or _name(host) not in LOOPBACK.union(hosts):
        return Refusal(421, "this is no name of the dashboard: gt config set dashboard.hosts '[NAME]' makes it one")
    if one(headers, b"content-length") is not None and one(headers, b"transfer-encoding") is not None:
        return Refusal(400, "a body has one length")
    origin = one(headers, b"origin")
    if has(headers, b"origin") and (origin is None or origin not in (f"http://{host}", f"https://{host}")):
        return Refusal(403, "another page may not ask")
    if one(headers, b"sec-fetch-dest") in _FRAMES:
        return Refusal(403, "another page may not frame this one")
    api = path.startswith(API)
    site = one(headers, b"sec-fetch-site")
    if has(headers, b"sec-fetch-site") and site not in ("same-origin", "none"):
        # Somebody followed a link: it shows the page, which knows nothing without a token.
        follows = method == "GET" and not api and one(headers, b"sec-fetch-mode") == "navigate"
        if not follows:
            return Refusal(403, "another page may not ask")
    if method not in (("GET", "POST") if api else ("GET", "HEAD")):
        return Refusal(405, f"{method} is not for this")
    kind = (one(headers, b"content-type") or "").partition(";")[0].strip().lower()
    if method == "POST" and kind != "application/json":
        return Refusal(415, "the body must be application/json")
    return None


def bearer(headers: Headers) -> str | None:
    """The token that was shown."""
    scheme, _, token = (one(headers, b"authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def has(headers: Headers, name: bytes) -> bool:
    return any(key == name for key, _ in headers)


def one(headers: Headers, name: bytes) -> str | None:
    """The value of a header that may stand there once; None where it is missing, or there are two."""
    found = [value for key, value in headers if key == name]
    return found[0].decode("latin-1").strip() if len(found) == 1 else None


def _name(host: str) -> str:
    """Without the port, which a tunnel changes."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()
