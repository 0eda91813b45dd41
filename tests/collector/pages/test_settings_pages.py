"""Pages of settings over a real service: every form changes what it says, and what is refused is said above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.pages import urls
from assay.collector.service import Service
from assay.errors import ConfigurationError
from assay.prices import keep_own_prices
from support.hostile import MARK, STRINGS
from support.html_parts import parts_of
from support.queried import SECOND, span, store_spans

TABS = ("keys", "online", "alerts", "retention", "prices", "redaction", "limits", "audit", "health")


def ask(project: str, method: str, params: Any) -> dict[str, Any]:
    """Stands where the child would be."""
    if params["definition"].get("scorer") == "bliss":
        raise ConfigurationError("There is no scorer 'bliss'.", hint="Built in: …")
    return {"source": "llm" if "judge" in params["definition"] else "code", "direction": "higher", "version": "1"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = Service(tmp_path_factory.mktemp("settings") / ".assay")
    opened.online._ask = ask
    opened.online.wake = opened.alerts.wake = lambda: None  # type: ignore[method-assign]
    store_spans(
        opened,
        [
            {
                **span(1, 1, start=SECOND, kind="llm", request_model="acme-1", input_tokens=10, output_tokens=5),
                "project": "p",
            }
        ],
    )
    yield opened
    opened.close()
    keep_own_prices(None)


@pytest.fixture(scope="module")
def web(service: Service) -> Iterator[TestClient]:
    app = create_app(service, allowed_hosts=frozenset())
    with TestClient(app, follow_redirects=False, headers={"accept": "text/html"}) as client:
        client.get("/settings/keys")  # brings the cookie of the session
        yield client


class Site:
    def __init__(self, web: TestClient) -> None:
        self.web = web

    def get(self, path: str, **params: Any) -> str:
        answer = self.web.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, form: dict[str, Any], *, expect: int = 303) -> str:
        token = re.search(r'name="form_token" value="(\w+)"', self.get("/settings/keys"))
        assert token
        answer = self.web.post(path, data={"form_token": token[1], **form})
        assert answer.status_code == expect, (answer.status_code, answer.text[-600:])
        return answer.text


@pytest.fixture
def site(web: TestClient) -> Site:
    return Site(web)


@pytest.mark.parametrize("tab", TABS)
def test_every_page_is_there_and_says_where_one_is(site: Site, tab: str) -> None:
    html = site.get(f"/settings/{tab}", **({"project": "p"} if tab in ("online", "alerts") else {}))
    assert re.search(rf'href="/settings/{tab}[^"]*" aria-current="page"', html)


def test_a_key_is_shown_once_and_can_be_revoked(site: Site, service: Service) -> None:
    html = site.post("/settings/keys", {"name": "ci", "scope": ["read", "ingest"], "project": "p"}, expect=200)
    key = re.search(r"assay_[\w-]{40,}", html)
    assert key
    assert key[0] not in site.get("/settings/keys")
    [kept] = service.registry.keys.page().items
    assert (kept["name"], kept["scopes"], kept["project"]) == ("ci", ["ingest", "read"], "p")
    site.post(f"/settings/keys/{kept['id']}/revoke", {})
    assert service.registry.keys.verify(key[0]) is None
    assert "revoked" in site.get("/settings/keys")


def test_a_key_without_a_scope_is_refused_with_what_was_typed(site: Site) -> None:
    html = site.post("/settings/keys", {"name": "half a key"}, expect=400)
    assert "The key has no scope." in html
    assert 'value="half a key"' in html


def test_a_form_without_the_sessions_token_changes_nothing(web: TestClient, service: Service) -> None:
    before = service.registry.revision
    for path in ("/settings/keys", "/settings/prices", "/settings/retention", "/settings/alerts/new?project=p"):
        assert web.post(path, data={"name": "x", "scope": "admin", "days": "1"}).status_code == 403
    assert service.registry.revision == before


def test_retention_is_set_for_a_project_and_for_the_others(site: Site, service: Service) -> None:
    site.post("/settings/retention", {"project": "p", "days": "30"})
    site.post("/settings/retention", {"what": "default", "days": "90"})
    assert (service.life.retention("p"), service.life.rules.retention_days) == (30, 90)
    assert "90" in site.get("/settings/retention")
    assert "days cannot be" in site.post("/settings/retention", {"project": "p", "days": "0"}, expect=400)
    site.post("/settings/retention", {"what": "default", "days": ""})
    assert service.life.rules.retention_days is None


def test_prices_are_added_used_and_removed(site: Site, service: Service) -> None:
    assert "acme-1" in site.get("/settings/prices")
    site.post("/settings/prices", {"action": "add", "model": "acme-*", "input": "1", "output": "2"})
    site.post("/settings/prices", {"action": "reprice"})
    html = site.get("/settings/prices")
    assert "Every stored call has a price." in html
    assert "cannot be" in site.post("/settings/prices", {"action": "add", "model": "x", "input": "1"}, expect=400)
    assert "no number" in site.post("/settings/prices", {"action": "add", "model": "x", "input": "ten"}, expect=400)
    site.post("/settings/prices", {"action": "remove", "place": "0", "model": "acme-*"})
    assert service.settings.own_prices == ()
    site.post("/settings/prices", {"action": "reprice"})


def test_redaction_is_chosen_tried_and_ended(site: Site, service: Service) -> None:
    site.post("/settings/redaction", {"action": "rules", "rule": ["email"]})
    site.post("/settings/redaction", {"action": "add", "name": "ticket", "pattern": "TICKET-[0-9]+"})
    html = site.post("/settings/redaction", {"action": "try", "text": "TICKET-7 of a@example.org"}, expect=200)
    assert "[redacted:ticket] of [redacted:email]" in html
    assert service.requests.redactor is service.redactor is not None
    assert "empty text" in site.post(
        "/settings/redaction", {"action": "add", "name": "all", "pattern": ".*"}, expect=400
    )
    site.post("/settings/redaction", {"action": "remove", "name": "ticket"})
    site.post("/settings/redaction", {"action": "rules"})
    assert service.requests.redactor is None


def test_limits_take_numbers_only(site: Site, service: Service) -> None:
    site.post("/settings/limits", {"name": "requests_per_s", "value": "50"})
    assert service.settings.now.requests_per_s == 50
    assert "no number" in site.post("/settings/limits", {"name": "mb_per_s", "value": "many"}, expect=400)
    site.post("/settings/limits", {"name": "requests_per_s", "value": ""})
    assert service.settings.now.requests_per_s is None


JUDGE = {
    "name": "kind",
    "kind": "judge",
    "instructions": "Is it kind?",
    "choices": "yes\nno",
    "filter": "status = 'ok'",
    "percent": "25",
    "quiet_s": "30",
    "usd_per_day": "2",
    "calls_per_day": "",
    "traces_per_minute": "60",
}


def test_an_online_scorer_is_declared_changed_paused_and_removed(site: Site, service: Service) -> None:
    site.post("/settings/online/new?project=p", JUDGE)
    scorer = service.registry.online_scorers.get("p", "kind")
    assert scorer["definition"]["judge"]["choices"] == ["yes", "no"]
    assert (scorer["sample_rate"], scorer["limits"]["usd_per_day"]) == (0.25, 2.0)
    page = "/settings/online/kind?project=p"
    assert "Is it kind?" in site.get(page)
    site.post(page, {**JUDGE, "action": "change", "choices": "bad = 0\ngood = 1", "usd_per_day": ""})
    changed = service.registry.online_scorers.get("p", "kind")
    assert (changed["version"], changed["definition"]["judge"]["choices"]) == (2, {"bad": 0.0, "good": 1.0})
    assert changed["limits"]["usd_per_day"] is None
    for action, state in (("pause", "paused"), ("resume", "active")):
        site.post(page, {"action": action})
        assert service.registry.online_scorers.get("p", "kind")["state"] == state
    site.post(page, {"action": "remove"})
    assert service.registry.online_scorers.all("p") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"filter": "status ="}, "The filter cannot be read"),
        ({"name": "a/b"}, "cannot be the name of an online scorer"),
        ({"percent": "200"}, "less than or equal to 1"),
        ({"percent": "half"}, "no number"),
        ({"instructions": ""}, "either instructions or a prompt"),
        ({"kind": "built_in", "scorer": "bliss"}, "There is no scorer"),
        ({"kind": "built_in", "scorer": "contains", "parameters": "{"}, "no JSON"),
    ],
)
def test_what_cannot_score_is_refused_with_what_was_typed(site: Site, typed: dict[str, str], said: str) -> None:
    html = site.post("/settings/online/new?project=p", {**JUDGE, "model": "openai/mine", **typed}, expect=400)
    assert said in html
    assert 'value="openai/mine"' in html


ALERT = {
    "name": "errors",
    "measure": "error_rate",
    "of": "traces",
    "window_min": "10",
    "every_s": "60",
    "side": "above",
    "line": "0.1",
    "min_n": "5",
    "tells": "webhook",
    "webhook": "https://hooks.example.org/T0/secret",
}


def test_an_alert_is_declared_changed_tried_out_and_removed(site: Site, service: Service) -> None:
    site.post("/settings/alerts/new?project=p", ALERT)
    page = "/settings/alerts/errors?project=p"
    html = site.get(page)
    assert "https://hooks.example.org/…" in html
    assert "secret" not in html
    site.post(page, {**ALERT, "action": "change", "tells": "keep", "line": "0.2", "clears_at": "0.1"})
    kept = service.registry.alerts.get("p", "errors")
    assert (kept["rule"]["above"], kept["rule"]["clears_at"]) == (0.2, 0.1)
    assert kept["action"] == {"webhook": "https://hooks.example.org/T0/secret"}
    site.post(page, {"action": "test"})
    assert "test" in site.get(page)
    site.post(page, {"action": "off"})
    assert not service.registry.alerts.get("p", "errors")["is_on"]
    site.post(page, {"action": "remove"})
    assert service.registry.alerts.all("p") == []


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"measure": "joy"}, 400, "is not known"),
        ({"line": ""}, 400, "an alert has a line"),
        ({"webhook": "ftp://example.org"}, 400, "no address of a webhook"),
        ({"tells": "command", "command": "/bin/true"}, 403, "no commands here"),
    ],
)
def test_what_cannot_be_watched_is_refused(site: Site, typed: dict[str, str], status: int, said: str) -> None:
    assert said in site.post("/settings/alerts/new?project=p", {**ALERT, **typed}, expect=status)


def test_every_change_is_in_the_audit_log_and_in_its_csv(site: Site, web: TestClient) -> None:
    site.post("/settings/limits", {"name": "mb_per_s", "value": "7"})
    site.post("/settings/limits", {"name": "mb_per_s", "value": ""})
    assert "settings.set" in site.get("/settings/audit", action="settings")
    csv = web.get("/settings/audit.csv", params={"action": "settings"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert "mb_per_s" in csv.text


def assert_harmless(html: str, address: str) -> None:
    parts = parts_of(html)
    assert not parts.unbalanced, address
    assert not parts.open, address
    for tag, attributes in parts.elements:
        assert MARK not in tag, address
        for name, value in attributes.items():
            assert MARK not in name, (address, tag, name)
            assert not name.startswith("on"), (address, tag, name)
            if name in {"href", "src", "action"}:
                assert value.startswith(("/", "#", "?")), (address, tag, value)


@pytest.mark.parametrize("string", STRINGS[:6], ids=range(6))
def test_hostile_texts_stay_texts(site: Site, service: Service, string: str) -> None:
    name = string.replace("/", "|").replace("\x00", "")[:150].strip() or "x"
    judge = {"definition": {"judge": {"instructions": string, "model": string}}, "source": "llm", "filter": None}
    limits = {"usd_per_day": 1.0, "calls_per_day": None, "traces_per_minute": 60.0}
    rule = {"measure": "count", "of": "traces", "filter": None, "window_s": 600, "above": 1.0, "below": None}
    try:
        service.registry.online_scorers.create(
            name[:100], name, {**judge, "sample_rate": 1.0, "quiet_s": 30.0, "limits": limits}, cursor_ns=0
        )
        service.registry.alerts.create(
            name[:100], name, {**rule, "clears_at": None, "min_n": 1, "every_s": 60}, {"webhook": f"https://x/{name}"}
        )
        service.registry.keys.create(name, ["read"], project=name[:100])
    except ValueError:
        pytest.skip("no name may be this text")
    for path in [f"/settings/{tab}" for tab in TABS]:
        assert_harmless(site.get(path, project=name[:100]), path)
    for kind in ("online", "alerts"):
        assert_harmless(site.get(f"/settings/{kind}/{urls.segment(name)}", project=name[:100]), kind)
