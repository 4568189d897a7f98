"""Detection of secrets, which must stay out of bundles: users pass these on to others."""

from __future__ import annotations

import re

HIDDEN = "[left out]"
"""Text that replaces a secret in a cell's source."""

_WORDS = (
    *("TOKEN", "SECRET", "PASSW", "PASSPHRASE", "CREDENTIAL", "APIKEY", "PRIVATE", "OAUTH"),
    *("AUTHORIZATION", "COOKIE", "BEARER", "SIGNATURE", "CONNSTR", "CONNECTIONSTRING"),
)
"""Any part of a name, without its underscores."""

_PARTS = {"KEY", "KEYS", "PASS", "PWD", "AUTH", "CREDS", "CRED", "PIN", "DSN", "SALT", "JWT", "PAT"}
"""Whole words of a name."""

_ENDS = ("KEY", "PASS")
"""The end of a name. It also matches ``monkey``, which does little harm: the report names it."""

_NOT_SECRET = {"PWD", "OLDPWD"}
"""Variables in which shells keep the current folder."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SPACE = re.compile(r"\s")

_FORMS = re.compile(
    "|".join(
        (
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS access key IDs
            r"\bgh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
            r"\bgithub_pat_[A-Za-z0-9_]{20,}",
            r"\bglpat-[A-Za-z0-9_-]{16,}",  # GitLab
            r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
            r"\bsk-[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic
            r"\b[spr]k_(?:live|test)_[A-Za-z0-9]{10,}",  # Stripe
            r"\bAIza[0-9A-Za-z_-]{30,}",  # Google
            r"\bya29\.[0-9A-Za-z_-]{10,}",
            r"\bhf_[A-Za-z0-9]{20,}",  # Hugging Face
            r"\bpypi-[A-Za-z0-9_-]{20,}",
            r"\bnpm_[A-Za-z0-9]{20,}",
            r"\bdop_v1_[a-f0-9]{20,}",  # DigitalOcean
            r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
            r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # RFC 7519, JWT
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*-----END [A-Z ]*PRIVATE KEY-----)?",
            r"\b[Bb]earer [A-Za-z0-9._~+/-]{16,}",  # RFC 6750
            r"(?<=://)[^\s/:@'\"]*:[^\s/@'\"]+(?=@)",  # RFC 3986: user and password of a URL
            r"\b(?:AccountKey|SharedAccessKey|Password|Pwd)=[^\s;'\"]{4,}",  # connection strings
        )
    )
)

_ASSIGNED = re.compile(
    r"""(?P<name>\b\w{2,80})(?P<between>["']?[ \t]*\]?[ \t]*(?:=|:|,)[ \t]*)"""
    r"""(?P<quote>["'])(?P<value>(?:(?!(?P=quote))[^\\\n]|\\.){1,4096})(?P=quote)"""
)
_ENV_MAGIC = re.compile(
    r"^(?P<head>[ \t]*[%!][ \t]*(?:env|set_env|export)[ \t]+(?P<name>\w+)[ \t=]+)(?P<value>\S.*)$",
    re.MULTILINE,
)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable of this name probably holds a secret.

    Examples
    --------
    >>> is_secret_name("AWS_SECRET_ACCESS_KEY"), is_secret_name("openaiApiKey")
    (True, True)
    >>> is_secret_name("KEYBOARD"), is_secret_name("AUTHOR"), is_secret_name("PWD")
    (False, False, False)
    """
    if name in _NOT_SECRET:
        return False
    joined = re.sub(r"[^A-Z0-9]", "", name.upper())
    if joined.endswith(_ENDS) or any(word in joined for word in _WORDS):
        return True
    return any(word.upper() in _PARTS for word in _WORD.findall(name))


def is_secret_value(value: str) -> bool:
    """Tell whether a text seems to contain a token, a private key or a password.

    Examples
    --------
    >>> is_secret_value("postgresql://me:sesame@host/db"), is_secret_value("https://host/db")
    (True, False)
    """
    return _FORMS.search(value) is not None


def looks_secret(name: str, value: object) -> bool:
    """Tell whether a variable of a notebook probably holds a secret.

    Names of up to four letters, such as ``key``, and values that are short or have spaces are
    usually not secrets.

    Examples
    --------
    >>> looks_secret("api_key", "0123456789abcdef"), looks_secret("key", "0123456789abcdef")
    (True, False)
    >>> looks_secret("token", "word"), looks_secret("url", "https://me:sesame@host/")
    (False, True)
    """
    if not isinstance(value, str):
        return False
    named = len(name) > 4 and is_secret_name(name) and len(value) >= 8 and not _SPACE.search(value)
    return named or is_secret_value(value)


def hide(source: str) -> str:
    """Return a cell's source with its secrets replaced by `HIDDEN`.

    Examples
    --------
    >>> hide('os.environ["API_KEY"] = "abc"; n = "abc"')
    'os.environ["API_KEY"] = "[left out]"; n = "abc"'
    >>> hide("%env DB_PASSWORD=abc")
    '%env DB_PASSWORD=[left out]'
    """
    source = _FORMS.sub(HIDDEN, source)
    source = _ASSIGNED.sub(_without_literal, source)
    return _ENV_MAGIC.sub(
        lambda it: it["head"] + HIDDEN if is_secret_name(it["name"]) else it[0], source
    )


def _without_literal(match: re.Match[str]) -> str:
    if not is_secret_name(match["name"]):
        return match[0]
    return f"{match['name']}{match['between']}{match['quote']}{HIDDEN}{match['quote']}"
