"""What a page asks, read with a bound on its size and on the time that it takes."""

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

LARGEST = 65_536
BODY_SECONDS = 5.0


class BadRequestError(Exception):
    """What was asked makes no sense, is too much, or came too slowly."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def read_object(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object. Raises BadRequestError."""
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or int(length) > LARGEST:
        raise BadRequestError("that is too much at once", 413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST:
                    raise BadRequestError("that is too much at once", 413)
    except TimeoutError:
        raise BadRequestError("the body came too slowly", 408) from None
    except ClientDisconnect:
        raise BadRequestError("nobody is there any more") from None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is no JSON") from None
    if not isinstance(found, dict):
        raise BadRequestError("the body is no JSON object")
    return found
