"""Redaction: what is listed is found, prose is left alone, and nothing takes longer than its length."""

from __future__ import annotations

import json
import random
import re
import string
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError
from assay.redaction import FAILED, Found, Redactor, make_redactor
from assay.redaction_own import Windowed, own_rule
from assay.redaction_rules import IBAN_LENGTHS, PREFIXED, RULES

CHANCE = random.Random(20)
ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]


def some(characters: str, length: int) -> str:
    return "".join(CHANCE.choice(characters) for _ in range(length))


WORD = string.ascii_letters + string.digits
HEX = "0123456789abcdef"

# How a key of each provider goes on after its beginning, where it is not just letters and digits.
RESTS = {
    "sk-": [
        some(WORD, 48),
        "proj-" + some(WORD + "-_", 74) + "9",
        "ant-api03-" + some(WORD, 93) + "AA",
        "or-v1-" + some(HEX, 64),
    ],
    "pk-lf-": ["1234abcd-12ab-34cd-56ef-1234567890ab"],
    "AIza": [some(WORD + "-_", 35)],
    "lsv2_": ["pt_" + some(HEX, 32) + "_" + some(HEX, 10)],
    "dapi": [some(HEX, 32)],
    "npm_": [some(WORD, 36)],
    "pypi-": ["AgEIcHlwaS5vcmc" + some(WORD + "-_", 60)],
    "dop_v1_": [some(HEX, 64)],
    "shpat_": [some(HEX, 32)],
    "sbp_": [some(HEX, 40)],
    "https://hooks.slack.com/services/": ["T" + some(WORD, 8) + "/B" + some(WORD, 8) + "/" + some(WORD, 24)],
    "SG.": [some(WORD, 22) + "." + some(WORD, 43)],
    "ABSK": [some(WORD + "+/", 110)],
    "sk_": [some(HEX, 48)],
    "xoxe": [".xoxp-1-" + some(WORD, 40)],
    "assay_": [some(WORD + "-_", 43)],
    "xoxb-": ["123456789012-1234567890123-" + some(WORD, 24)],
}
KEYS = [prefix + rest for prefix in PREFIXED for rest in RESTS.get(prefix, [some(WORD, 40) + "7aB"])]
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
PEM = "-----BEGIN {0}PRIVATE KEY-----\nMIIEvQIBADANBgkq+/=\nhkiG9w0BAQ-x\n-----END {0}PRIVATE KEY-----"
CARDS = "4111 1111 1111 1111,4111-1111-1111-1111,4111111111111111,5555555555554444,2223003122003222,378282246310005,"
CARDS += "3782 822463 10005,30569309025904,6011111111111117,3530111333300000,6200000000000005,4222222222222"
IBANS = "DE89 3704 0044 0532 0130 00,DE89370400440532013000,GB82WEST12345698765432,FR1420041010050500013M02606,"
IBANS += "NL91 ABNA 0417 1643 00,BE68 5390 0754 7034,CH9300762011623852957,NO9386011117947,"
IBANS += "MT84MALT011000012345MTLCAST001S"
PHONES = "+1 (555) 123-4567,+15551234567,(555) 123-4567,555-123-4567,555.123.4567,1-800-555-0199,+49 30 901820,"
PHONES += "+44 20 7946 0958,+33 1 23 45 67 89,+91 98765 43210,+81-3-1234-5678,+49 (0)30 901820,+43/1/51433-0"
EMAILS = "jane@example.com,j.doe+tag@mail.example.co.uk,jörg@müller.de,x_y-z@a-b.museum,UPPER@EXAMPLE.ORG,1@2.io"
URLS = "postgres://u:s3cret@db/x,https://user:pa%24s@host.example/,redis://:hunter22@cache:6379,amqp://a:b@c"

FOUND: list[tuple[str, str]] = [
    *(("api_key", key) for key in KEYS),
    ("jwt", JWT),
    ("jwt", JWT.rsplit(".", 1)[0] + "."),  # no signature
    ("jwt", "eyJhbGciOiJSU0EtT0FFUCJ9.a1b2c3.d4e5f6.g7h8.i9j0"),  # encrypted
    *(("private_key", PEM.format(kind)) for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA ")),
    ("private_key", PEM.format("")[:60]),  # cut off
    *(("aws_key", prefix + some(string.ascii_uppercase + string.digits, 16)) for prefix in ("AKIA", "ASIA", "ABIA")),
    *(("card", card) for card in CARDS.split(",")),
    *(("iban", iban) for iban in IBANS.split(",")),
    *(("phone", phone) for phone in PHONES.split(",")),
    *(("email", email) for email in EMAILS.split(",")),
    *(("us_ssn", ssn) for ssn in ("078-05-1120", "219-09-9999", "123-45-6789")),
]
# With the part that must be gone.
IN_CONTEXT: list[tuple[str, str]] = [
    *((f"Authorization: {scheme} Zm9vOmJhcg==", "Zm9vOmJhcg") for scheme in ("Basic", "Bearer", "Token", "Digest")),
    *((f"{name}: Bearer abc.def-123", "abc.def") for name in ("authorization", "Proxy-Authorization", "AUTHORIZATION")),
    ('{"headers": {"Authorization": "Bearer opaque"}}', "opaque"),
    ("curl -H 'authorization: Bearer 0123456789abcdef' x", "0123456789"),
    ("bearer 0123456789abcdef0123", "0123456789"),
    ("Cookie: session=abcdef; theme=dark", "abcdef"),
    ("Set-Cookie: id=a3fWa; Expires=Thu", "a3fWa"),
    *((url, url.split("@")[0].rpartition(":")[2]) for url in URLS.split(",")),
    *(
        (f"{name}{between}s3cr3tvalue{after}", "s3cr3t")
        for name in ("api_key", "apiKey", "OPENAI_API_KEY", "x-api-key", "client_secret", "password", "access_token")
        for between, after in (("=", ""), (": ", ","), ('="', '"'), ('": "', '"'), (" = '", "'"))
    ),
    ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    ("AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq==;", "Eby8"),
    ('{"password": "correcthorse"}', "correcthorse"),
    ('{"nested": [{"client_secret": 12345}]}', "12345"),
    ('{"card": 4111111111111111}', "4111"),
    ('{"text": "write to jane\\u0040example.com"}', "jane"),
    (json.dumps({"inner": json.dumps({"api_key": "abc"})}), "abc"),
    ("4111 1111 1111 1111 12/29 123", "4111"),
    ("(DE89 3704 0044 0532 0130 00 COBADEFF)", "3704"),
]

PROSE = """The quarterly report shows 1,234,567 visitors, up 12.5 % from 2024-03-01 to 2025-03-01.
Version 1.2.3-rc.4 was released at 2026-11-21T13:20:00Z with commit 3f2a9c1e7b4d5a6f8e9d0c1b2a3f4e5d6c7b8a90.
Trace 4bf92f3577b34da6a3ce929d0e0e4736 has the span 00f067aa0ba902b7 and took 1700000000000000000 ns.
The password: required for every login. A task-force of sk-learn-compatible-estimators met in room 12-34-5678.
Basic authorization: ask your manager first. The bearer of bad news carried a token of appreciation.
Call extension 4567 between 9-17, or see section 12.3.4 on pages 100-200 of ISBN 978-3-16-148410-0.
Costs were $0.000125 per 1000 tokens; max_tokens=4096, temperature=0.7, top_p=0.95, seed=1234567890.
The ratio 16:9 and 1920x1080 at 60 Hz; IP 127.0.0.1 port 8080; order 100-2000300-4000; id 5f4dcc3b5aa765d6.
cookie: recipe with 200 g of sugar. key = value. secret sauce. The author's e-mail was never answered @ home.
SELECT count(*) FROM spans WHERE duration_ms > 2000 AND name LIKE 'chat%' -- 1234 5678 9012 3456 7890
https://example.com/a/b?c=d#e and file:///tmp/x:y and user@host are no credentials; nor is 00-4bf92f35-01.
UUID 123e4567-e89b-12d3-a456-426614174000, MAC 00:1a:2b:3c:4d:5e, hash sha256:9f86d081884c7d659a2feaa0c55ad015.
""".splitlines()


def test_the_corpus_has_two_hundred_strings() -> None:
    assert len(FOUND) + len(IN_CONTEXT) + len(IBAN_LENGTHS) >= 200


@pytest.mark.parametrize(("before", "after"), [("", ""), ("see ", " there"), ('"', '"'), ("(", ")."), ("=", "&x=1")])
def test_everything_listed_is_found_wherever_it_stands(before: str, after: str) -> None:
    redactor = make("all")
    missed = [(rule, text) for rule, text in FOUND if text in redactor.text(before + text + after)]
    assert missed == []


def test_each_is_found_by_its_rule() -> None:
    wrong = [(rule, text) for rule, text in FOUND if f"[redacted:{rule}]" not in make(rule).text(f"see {text} there")]
    assert wrong == []


@pytest.mark.parametrize(("text", "secret"), IN_CONTEXT)
def test_a_secret_is_known_by_what_stands_around_it(text: str, secret: str) -> None:
    redacted = make("all").text(text)
    assert secret not in redacted
    assert "[redacted:" in redacted
    if text.startswith("{"):
        json.loads(redacted)


def test_prose_is_left_alone() -> None:
    paragraphs = [*PROSE]
    for document in DOCUMENTS:
        paragraphs += document.read_text(encoding="utf-8").split("\n\n")
    wrong = [text for text in paragraphs if make("all").text(text) != text]
    assert len(wrong) < len(paragraphs) * 0.01, wrong
    assert not [text for text in PROSE if text in wrong]


N = 50_000
SLOW_TEXTS = [
    *(
        "a" * N + "@",
        "a." * (N // 2) + "@",
        "a@" * (N // 2),
        "sk-" * (N // 3),
        "eyJ" * (N // 3),
        "1" * N,
        "1 " * (N // 2),
    ),
    *("-----BEGIN PRIVATE KEY-----" * (N // 27), "4111-" * (N // 5), "+1" * (N // 2), "://a:" * (N // 5), "[" * N),
    *("authorization: " * (N // 15), "bearer " + "a" * N, "cookie:a=" * (N // 9), "api_key=aaaaaaaa" * (N // 16)),
    *("DE89 " * (N // 5), "AKIA" * (N // 4), '{"a":' * (N // 5), '"' * N),
]


def test_a_text_made_to_be_slow_takes_time_in_proportion() -> None:
    """Linear: a tenth of the text takes about a tenth of the time, where a square would make it a hundredth."""
    for text in SLOW_TEXTS:
        short, long = seconds(text[: N // 10]), seconds(text)
        assert long < max(40 * short, 0.5), f"{text[:20]!r}: {short:.3f} s for a tenth, {long:.3f} s for all"


def seconds(text: str) -> float:
    begun = time.process_time()
    make("all").text(text)
    return time.process_time() - begun


def make(wanted: str) -> Redactor:
    redactor = make_redactor(wanted)
    assert redactor is not None
    return redactor


def test_attributes_are_redacted_by_name_and_by_content() -> None:
    given = {"http.request.header.authorization": ["opaque"], "mail": "to a@b.org", "n": 1, "ok": True, "x": {"pwd": 5}}
    assert make("all").attributes({**given, "a@b.org": None}) == {
        "http.request.header.authorization": ["[redacted:credential]"],
        "mail": "to [redacted:email]",
        "n": 1,
        "ok": True,
        "x": {"pwd": "[redacted:credential]"},
        "[redacted:email]": None,
    }


def test_names_of_the_conventions_are_no_secrets() -> None:
    given = {"gen_ai.usage.input_tokens": 5, "llm.token_count.prompt": 7, "gen_ai.token.type": "input", "key": "x"}
    assert make("all").attributes(given) == given


def test_what_is_clean_stays_byte_for_byte() -> None:
    for text in ('{"a" : 1.50, "b":[1e2 ,2]}', "[1, 2", '{"a": "\\u00e9"}', "  x\r\n", "NaN"):
        assert make("all").text(text) == text


@pytest.mark.parametrize("wanted", ["secrets", "all"])
@given(
    values=st.dictionaries(
        st.sampled_from(["input.value", "password", "llm.token_count.total"]),
        st.text(max_size=20)
        | st.integers()
        | st.lists(st.text(max_size=5) | st.booleans())
        | st.sampled_from(["sk-" + "a1B2" * 12, "Bearer " + "a1B2" * 10, "a@b.example", 4111_1111_1111_1111, b"x"]),
    )
)
def test_what_is_passed_over_at_one_look_holds_nothing_to_redact(wanted: str, values: dict[str, Any]) -> None:
    redactor = make_redactor(wanted)
    assert redactor is not None
    redactor.attributes(dict.fromkeys(values, ""))  # its names are known from now on
    found: Counter[str] = Counter()
    redactor.attributes(values, found)
    assert not (redactor.are_clean([], [values]) and found)


def test_a_clean_span_is_passed_over_at_one_look_once_its_names_are_known() -> None:
    redactor, values = make_redactor("secrets"), {"input.value": "What is a refund?", "count": 7, "tags": ("a", "b")}
    assert redactor is not None
    assert not redactor.are_clean(["answer"], [values])
    redactor.attributes(values)
    assert redactor.are_clean(["answer"], [values])


def test_what_cannot_be_looked_through_is_not_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = make("email")

    def fail(*_: object) -> str:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("assay.redaction._replacement", fail)
    assert redactor.text("a@b.org") == FAILED
    assert redactor.attributes({"x": ["a@b.org", "fine"]}) == {"x": [FAILED, "fine"]}


def test_deep_values_are_not_let_through() -> None:
    deep: object = "a@b.org"
    for _ in range(200):
        deep = [deep]
    assert "a@b" not in str(make("all").value(deep))
    assert FAILED in str(make("all").value(deep))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("email", {"email"}),
        ("personal", {"email", "card", "iban", "us_ssn", "phone", "ip"}),
        ("personal,-phone, jwt", {"email", "card", "iban", "us_ssn", "jwt", "ip"}),
        ("all", {rule.name for rule in RULES}),
    ],
)
def test_rules_are_chosen_by_name_and_group(wanted: str, names: set[str]) -> None:
    assert {rule.name for rule in make(wanted).rules} == names


def test_nothing_wanted_is_no_redactor() -> None:
    assert [make_redactor(wanted) for wanted in ("", "off", "all,-all")] == [None, None, None]


def test_a_rule_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigurationError, match="passport"):
        make_redactor("passport")


def test_own_rules_apply_with_the_others() -> None:
    redactor = make_redactor("email", [own_rule("ticket", r"TICKET-\d{4,}")])
    assert redactor is not None
    assert redactor.text("a@b.org has TICKET-12345") == "[redacted:email] has [redacted:ticket]"


@pytest.mark.parametrize("pattern", ["(", "a*", "(a)\\1", "(?=a)", "(?=a)(a+)+b", "(?<=x)\\w*a\\w*a\\w*b"])
def test_an_expression_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="'mine'"):
        own_rule("mine", pattern)


def test_an_own_expression_takes_linear_time_whatever_it_is() -> None:
    redactor = make_redactor("", [own_rule("evil", r"(a+)+$b|(a|aa)+c")])
    assert redactor is not None
    begun = time.process_time()
    assert redactor.text("a" * 200_000) == "a" * 200_000
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a": "%s"}', id="json"),
        pytest.param('{"a": "%s", "a": 1}', id="a name twice"),
        pytest.param('note {"a": "%s"', id="cut off"),
        pytest.param('"%s"', id="a JSON string"),
        pytest.param(json.dumps({"inner": '["%s"'})[:-2], id="cut off twice"),
    ],
)
@pytest.mark.parametrize(
    ("secret", "rest"),
    [
        ("sk\\u002dproj\\u002d" + "a1B2" * 8, "a1B2"),
        ("https:\\/\\/hooks.slack.com\\/services\\/T" + "a1B2" * 6, "a1B2"),
        ("\\u0041KIA" + "Q7" * 8, "Q7Q7"),
    ],
)
def test_an_escaped_secret_is_found(text: str, secret: str, rest: str) -> None:
    assert rest not in make("secrets").text(text % secret)
    assert "[redacted:" in make("secrets").text(text % secret)


def test_escapes_stay_where_nothing_is_found() -> None:
    for text in (r"C:\new\table\u0041", r'cut {"a": "\/x\u00e9', "\\", "\\u12"):
        assert make("all").text(text) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1.2.3:80", True),
        ("(2001:db8::8a2e:370:7334)", True),
        ("::ffff:10.1.2.3", True),
        ("fe80::1", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("1.2.3", False),
        ("300.1.2.3", False),
        ("items[1::2]", False),
        ("12:30:45", False),
        ("std::chrono::abc", False),
    ],
)
def test_addresses_are_told_from_what_looks_like_them(text: str, found: bool) -> None:
    assert ("[redacted:ip]" in make("ip").text(text)) is found


def test_what_is_found_is_counted_by_rule() -> None:
    found: Found = Counter()
    make("all").attributes({"a": "a@b.org", "b": ["a@b.org", '{"pwd": 5}'], "c": KEYS[0]}, found)
    assert found == {"email": 2, "credential": 1, "api_key": 1}


def test_values_are_hidden_by_name_wherever_they_stand() -> None:
    redactor = make_redactor("off", hide=["customer.*", "ssn"])
    assert redactor is not None
    given = {"customer.name": ["Jane"], "x": {"SSN": {"a": 1}}, "text": '[{"ssn": 5}]', "y": "Jane"}
    mark = "[redacted:attribute]"
    text = f'[{{"ssn": "{mark}"}}]'
    assert redactor.attributes(given) == {"customer.name": mark, "x": {"SSN": mark}, "text": text, "y": "Jane"}


WITHOUT_RE2 = {"ticket": r"TICKET-\d{1,9}", "names": r"(?:Jane|John) [A-Z][a-z]+", "look": r"(?<=id=)\w+"}


@pytest.mark.parametrize("name", WITHOUT_RE2)
def test_without_re2_an_own_rule_finds_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ("x" * 5000 + " TICKET-12345 Jane Doe id=a7 ") * 3
    wanted = re.sub(WITHOUT_RE2[name], f"[redacted:{name}]", text)
    monkeypatch.setitem(sys.modules, "re2", None)
    assert Redactor([own_rule(name, WITHOUT_RE2[name])]).text(text) == wanted


@settings(max_examples=25)
@given(st.text("ab-1", max_size=1000), st.integers(0, 200))
def test_windows_find_what_a_whole_search_finds(text: str, at: int) -> None:
    text = text[:at] + "-" * 900 + text[at:]
    pattern = re.compile(r"(?<!a)b1{1,5}|aa-")
    assert Windowed(pattern).sub(lambda match: "_", text) == pattern.sub("_", text)


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(a|aa)+b", r"\w*a\w*a\w*b", r"(a{1,99}){1,99}b", r"(a)\1b"])
def test_without_re2_what_may_take_long_is_refused(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ConfigurationError, match="far longer") as raised:
        own_rule("mine", pattern)
    assert "pip install google-re2" in str(raised.value.hint)


def test_without_re2_what_is_taken_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    redactor = Redactor([own_rule("slow", r"a+b"), own_rule("slower", r"a{1,30}[ab]{1,30}c")])

    def best_of_three(n: int) -> float:
        took = []
        for _ in range(3):
            begun = time.process_time()
            assert redactor.text("a" * n) == "a" * n
            took.append(time.process_time() - begun)
        return min(took)

    assert best_of_three(5_000) < 60 * best_of_three(500)  # a square would make it a hundredth


def test_a_compiled_expression_keeps_its_flags() -> None:
    assert Redactor([own_rule("word", re.compile("secret", re.IGNORECASE))]).text("SECRET") == "[redacted:word]"
