"""Class names as folder names and back: what a file system refuses is percent-encoded, all else stays."""

from __future__ import annotations

import re
from urllib.parse import unquote

# What Windows refuses in names ("/" among it), control characters, the percent sign that marks an escape, a
# dot that would hide the folder, and a dot or space that Windows would cut off.
_REFUSED = re.compile(r'[<>:"/\\|?*%\x00-\x1f\x7f]|^\.|[. ]\Z')
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(?=\.|\Z)", re.IGNORECASE)  # reserved by Windows


def folder_name(class_name: str) -> str:
    """Return the name of the folder for a class.

    Parameters
    ----------
    class_name
        Any text but the empty one.

    Returns
    -------
    str
        A name that Linux, macOS and Windows accept, from which `class_name_of` has the class again.

    Examples
    --------
    >>> folder_name("T-shirt/top"), folder_name("Ankle boot"), folder_name("100%")
    ('T-shirt%2Ftop', 'Ankle boot', '100%25')
    """
    escaped = _REFUSED.sub(lambda found: _percent_encoded(found[0]), class_name)
    return _percent_encoded(escaped[0]) + escaped[1:] if _DEVICE.match(escaped) else escaped


def class_name_of(folder: str) -> str:
    """Return the class that a folder stands for: a name that `folder_name` would give is unescaped, no other.

    Examples
    --------
    >>> class_name_of("T-shirt%2Ftop"), class_name_of("100% wool"), class_name_of("a%20b")
    ('T-shirt/top', '100% wool', 'a%20b')
    """
    name = unquote(folder)
    return name if name and folder_name(name) == folder else folder


def _percent_encoded(character: str) -> str:
    """Return an ASCII character as % and two hexadecimal digits."""
    return f"%{ord(character):02X}"
