"""The built-in redaction rules: what keys, credentials and personal data look like.

Every expression takes linear time: repeats are bounded or cannot match what follows them, and a start inside a word is
ruled out by a look behind. tests/test_redaction.py times each on texts made to be slow.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Group = Literal["secrets", "personal", "own"]
DIGITS = tuple("0123456789")


class Pattern(Protocol):
    """What `re` and google-re2 have in common."""

    def sub(self, repl: Callable[[re.Match[str]], str], string: str, /) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to look for. A group named `secret` is the part to replace; without one it is the whole match.

    Args:
        needles: lower-case texts of which one is in every match, so that most texts are passed over at once.
        near: in lower case, what every match has in it, where needles are too common and the pattern slow.
        length: how many characters of a match are really it, 0 for none: check digits and the like.
    """

    name: str
    group: Group
    pattern: Pattern
    needles: tuple[str, ...] = ()
    near: re.Pattern[str] | None = None
    length: Callable[[str], int] | None = None


# Keys that are known by how they begin -----------------------------------------------------------------------------

_MIXED = r"(?=[A-Za-z_-]{0,30}(?:\d|[a-z][A-Z]))"  # a digit or an inner capital: what words with hyphens do not have

PREFIXED: Mapping[str, str] = {
    # models and what belongs to them; sk- is OpenAI, Anthropic, OpenRouter, DeepSeek, LiteLLM, Langfuse and others
    "sk-": _MIXED + r"[A-Za-z0-9_-]{16,}",
    "pk-lf-": r"[0-9a-f-]{20,}",
    "AIza": r"[A-Za-z0-9_-]{35}",
    "ya29.": r"[A-Za-z0-9_-]{20,}",
    "GOCSPX-": r"[A-Za-z0-9_-]{20,}",
    "gsk_": r"[A-Za-z0-9]{20,}",
    "hf_": r"[A-Za-z0-9]{30,}",
    "r8_": r"[A-Za-z0-9]{30,}",
    "pplx-": r"[A-Za-z0-9]{30,}",
    "xai-": r"[A-Za-z0-9]{30,}",
    "csk-": r"[A-Za-z0-9]{30,}",
    "vck_": r"[A-Za-z0-9]{30,}",
    "AQ.Ab": r"[A-Za-z0-9_-]{30,}",
    "ABSK": r"[A-Za-z0-9+/]{80,}={0,2}",
    "sk_": r"[0-9a-f]{48}",
    "fw_": r"[A-Za-z0-9]{20,}",
    "nvapi-": r"[A-Za-z0-9_-]{30,}",
    "pa-": _MIXED + r"[A-Za-z0-9_-]{40,}",
    "tvly-": r"[A-Za-z0-9-]{20,}",
    "jina_": r"[A-Za-z0-9_-]{30,}",
    "pcsk_": r"[A-Za-z0-9_]{30,}",
    "tgp_v1_": r"[A-Za-z0-9_-]{20,}",
    "lsv2_": r"(?:pt|sk)_[A-Za-z0-9_]{20,}",
    "assay_": r"[A-Za-z0-9_-]{43}",
    "dapi": r"[0-9a-f]{32}",
    # code and clouds
    "ghp_": r"[A-Za-z0-9]{30,}",
    "gho_": r"[A-Za-z0-9]{30,}",
    "ghu_": r"[A-Za-z0-9]{30,}",
    "ghs_": r"[A-Za-z0-9]{30,}",
    "ghr_": r"[A-Za-z0-9]{30,}",
    "github_pat_": r"[A-Za-z0-9_]{22,}",
    "glpat-": r"[A-Za-z0-9_-]{20,}",
    "npm_": r"[A-Za-z0-9]{36}",
    "pypi-": r"AgE[A-Za-z0-9_-]{40,}",
    "dop_v1_": r"[0-9a-f]{64}",
    "hvs.": r"[A-Za-z0-9_-]{20,}",
    "shpat_": r"[0-9a-fA-F]{32}",
    "sbp_": r"[0-9a-f]{40}",
    # chat, mail, payment
    "xoxb-": r"[A-Za-z0-9-]{10,}",
    "xoxp-": r"[A-Za-z0-9-]{10,}",
    "xoxa-": r"[A-Za-z0-9-]{10,}",
    "xoxr-": r"[A-Za-z0-9-]{10,}",
    "xoxs-": r"[A-Za-z0-9-]{10,}",
    "xapp-": r"[A-Za-z0-9-]{10,}",
    "xoxe": r"(?:\.xox[bp])?-[A-Za-z0-9-]{10,}",
    "https://hooks.slack.com/services/": r"[A-Za-z0-9/]{20,}",
    "SG.": r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{30,}",
    "sk_live_": r"[A-Za-z0-9]{16,}",
    "sk_test_": r"[A-Za-z0-9]{16,}",
    "rk_live_": r"[A-Za-z0-9]{16,}",
    "rk_test_": r"[A-Za-z0-9]{16,}",
    "whsec_": r"[A-Za-z0-9+/=]{20,}",
    "ntn_": r"[A-Za-z0-9]{30,}",
    "lin_api_": r"[A-Za-z0-9]{30,}",
    "glsa_": r"[A-Za-z0-9_]{30,}",
    "figd_": r"[A-Za-z0-9_-]{30,}",
}
_KEYS = "|".join(re.escape(prefix) + rest for prefix, rest in PREFIXED.items())

# Names whose values are secrets, in attributes, JSON, headers, assignments -------------------------------------------

_NAME = (
    r"(?:api[_-]?key|api[_-]?token|secret[_-]?(?:access[_-]?)?key|access[_-]?key|account[_-]?key|subscription[_-]?key"
    r"|private[_-]?key|client[_-]?secret|(?:access|refresh|auth|bearer|session)[_-]?token|password|passwd|passphrase)"
)
SECRET_NAME = re.compile(
    rf"(?:[a-z0-9]{{1,40}}[_-]){{0,5}}(?:{_NAME}|authorization|cookie|secret|pwd|security[_-]?token|id[_-]?token)",
    re.IGNORECASE,
)
SECRET_NAME_NEEDLES = ("key", "token", "secret", "passw", "passphrase", "authorization", "cookie", "pwd")
_BETWEEN = r"(?:\\?[\"'])?[ \t]{0,3}[:=][ \t]{0,3}"
_BARE = r"(?=[^\s\"'\\,;&<>]{0,40}\d)[^\s\"'\\,;&<>]{8,}"  # without quotes it has to have a digit
_QUOTED = r"(?<=[\"'])[^\s\"'\\]{4,}"
_SCHEME = r"(?:bearer|basic|digest|token|apikey|negotiate)[ \t]{1,3}"

_DIGITS_16 = r"\d{4}([ -])\d{4}\2\d{4}\2\d{4}(?:\2\d{3})?"  # \1 is the whole


def _secret(name: str, pattern: str, *needles: str, flags: int = 0, near: str | None = None) -> Rule:
    compiled = re.compile(pattern, flags)
    return Rule(name=name, group="secrets", pattern=compiled, needles=needles, near=re.compile(near) if near else None)


# Check digits --------------------------------------------------------------------------------------------------------


# Visa, Mastercard, American Express, Diners Club, JCB, Discover, UnionPay, Maestro
CARD_BEGINS = re.compile(r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[04-9]|6[0257]")


def luhn_length(text: str) -> int:
    """The whole text, when it is the number of a payment card: a known beginning, a known length, the check digit."""
    digits = [int(character) for character in text if character.isdecimal()]
    if not CARD_BEGINS.match("".join(map(str, digits[:4]))) or not 13 <= len(digits) <= 19:
        return 0
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return len(text) if (doubled + sum(digits[-1::-2])) % 10 == 0 else 0


_COUNTRIES: Mapping[int, str] = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH CR HR LI LV",
    22: "BG BH DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
IBAN_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}


def iban_length(text: str) -> int:
    """How many of the characters are an IBAN: as many as its country has, when the check digits are right."""
    wanted = IBAN_LENGTHS.get(text[:2], 0)
    ends = [place for place, character in enumerate(text, start=1) if character != " "]
    if not wanted or len(ends) < wanted:
        return 0
    end = ends[wanted - 1]
    compact = text[:end].replace(" ", "")
    number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return end if int(number) % 97 == 1 else 0


def ip_length(text: str) -> int:
    """The whole text, when it is an address, and not that of the machine itself."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return 0
    if address.version == 6 and not any(len(group) >= 3 for group in text.split(":")):
        return 0  # such as the slice in items[1::2]
    return 0 if address.is_loopback or address.is_unspecified else len(text)


# The rules -----------------------------------------------------------------------------------------------------------

RULES: tuple[Rule, ...] = (
    # a key may hold single hyphens (headers of encrypted ones), and may be cut off; its end is where the dashes are
    _secret(
        "private_key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^\"-]|-(?!----))*"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
        "private key",
    ),
    _secret("jwt", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}", "eyj"),
    _secret(
        "api_key",
        rf"(?<![A-Za-z0-9])(?:{_KEYS})",
        *(prefix.lower() for prefix in PREFIXED),
    ),
    _secret("aws_key", r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])", "akia", "asia", "abia", "acca"),
    # Azure: client secrets, keys of its AI services, signatures of shared URLs
    _secret(
        "azure_key",
        r"(?<![A-Za-z0-9_~.-])(?:[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,40}|[A-Za-z0-9]{40,60}JQQJ99[A-Za-z0-9]{20,40})"
        r"|[?&]sig=(?P<secret>[A-Za-z0-9%+/=_-]{30,})",
        *("q~", "jqqj99", "sig="),
    ),
    _secret("telegram_token", r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])", ":aa"),
    _secret(
        "authorization",
        rf"(?:authorization{_BETWEEN}\\?[\"']?(?P<secret>{_SCHEME}[^\s\"'\\,;<>`)]+|{_BARE}))",
        "authorization",
        flags=re.IGNORECASE,
    ),
    _secret(
        "bearer",
        r"(?<![a-z])bearer[ \t]{1,3}(?P<secret>(?=[a-z._~+/=-]{0,60}\d)[a-z0-9._~+/=-]{16,})",
        "bearer",
        flags=re.IGNORECASE,
    ),
    _secret(
        "cookie",
        rf"(?:cookie{_BETWEEN}\\?[\"']?(?P<secret>[^\s\"'\\=;,]{{1,100}}=[^\"'\\\r\n]{{1,4000}}))",
        "cookie",
        flags=re.IGNORECASE,
    ),
    _secret(
        "credential",
        rf"{_NAME}{_BETWEEN}\\?[\"']?(?P<secret>{_QUOTED}|{_BARE})",
        *("key", "token", "secret", "password", "passwd", "passphrase"),
        flags=re.IGNORECASE,
        near=rf"(?:key|token|secret|passwo?r?d|passphrase){_BETWEEN}",
    ),
    _secret("url_password", r"://[^\s/:@\"'\\]{0,100}:(?P<secret>[^\s/@\"'\\]{1,200})(?=@)", "://"),
    Rule(
        name="email",
        group="personal",
        pattern=re.compile(r"(?<!\w)\w[\w.%+-]{0,63}@(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,23}(?![\w-])"),
        needles=("@",),
    ),
    Rule(
        name="card",
        group="personal",
        pattern=re.compile(rf"(?<![\d.])({_DIGITS_16}|\d{{4}}[ -]\d{{6}}[ -]\d{{4,5}}|\d{{13,19}})(?!\d)"),
        needles=DIGITS,
        length=luhn_length,
    ),
    Rule(
        name="iban",
        group="personal",
        pattern=re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"),
        needles=DIGITS,
        length=iban_length,
    ),
    Rule(
        name="us_ssn",
        group="personal",
        pattern=re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
        needles=("-",),
    ),
    Rule(
        name="phone",
        group="personal",
        pattern=re.compile(
            r"(?<![\w+])\+\d(?:[ .\-()/]{0,2}\d){7,14}(?!\d)"
            r"|(?<![\w.+-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"
        ),
        needles=DIGITS,
    ),
    Rule(
        name="ip",
        group="personal",
        pattern=re.compile(
            r"(?<![\w.:-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\w)"
            r"|(?<![\w.:-])(?=[0-9A-Fa-f:]{0,38}\d)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){1,6}"
            r"(?::\d{1,3}(?:\.\d{1,3}){3}|:[0-9A-Fa-f]{0,4})(?![\w:])"
        ),
        needles=(".", ":"),
        length=ip_length,
    ),
)
