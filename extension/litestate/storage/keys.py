"""Names of folders that hold any text, on any file system."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

MAX_KEY = 120
"""Characters, all ASCII. File systems and OPFS permit 255 bytes; Windows a path of 260."""

_DEVICES = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)}
"""No file of Windows can have these names, with or without an ending (Microsoft, "Naming Files,
Paths, and Namespaces")."""


def key(text: str) -> str:
    """Return a folder name for `text` that no other text has.

    Percent-encoding tells Unicode forms apart. What it leaves ambiguous gets a hash: text with
    capital letters (some file systems do not tell them apart), too long, or special to the system.
    ``=`` stands behind it, which percent-encoding never leaves in.

    Parameters
    ----------
    text : str
        Any text, such as the name of a notebook.

    Returns
    -------
    str
        1 to `MAX_KEY` characters.

    Examples
    --------
    >>> key("my notebook")
    'my%20notebook'
    >>> key("Start.ipynb")
    'd6038f1310a75747=Start.ipynb'
    """
    data = text.encode(errors="surrogatepass")
    quoted = quote(data, safe="")
    # A capital letter outside of ASCII is told apart by its bytes.
    plain = text and quoted.strip(".") == quoted and not any("A" <= c <= "Z" for c in text)
    if plain and len(quoted) <= MAX_KEY and quoted.partition(".")[0] not in _DEVICES:
        return quoted
    digest = hashlib.blake2b(data, digest_size=8).hexdigest()
    return f"{digest}={quoted[: MAX_KEY - len(digest) - 1].rstrip('.')}"
