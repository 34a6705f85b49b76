"""The text of a file that somebody wrote with whatever editor they have."""

import codecs

#: The longer ones first: UTF-32 begins as UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> str:
    """By the mark that it begins with, which is no part of the text; without one it is UTF-8.

    Raises ValueError that says what it is not: "not UTF-8 text".

    >>> decode(b"\\xef\\xbb\\xbfone"), decode(b"\\xff\\xfeo\\0n\\0e\\0")
    ('one', 'one')
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        raise ValueError(f"not {encoding[: -3 if encoding.count('-') > 1 else None].upper()} text") from None
    if "\0" in text:
        raise ValueError("not text: it holds a NUL byte")
    return text
