"""Webhooks reach public addresses, loopback and hosts that were named, and nothing else."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import httpx
import pytest

from assay.collector.alerts.action import Action, as_told
from assay.collector.alerts.command import run_command
from assay.collector.alerts.outbound import NotDelivered, allowed_address, post_json
from assay.errors import Forbidden, InvalidRequest

PUBLIC = "93.184.216.34"


class Network:
    """Names that lead where the test says, and a server that remembers what it got."""

    def __init__(self, *addresses: str, status: int = 200) -> None:
        self.addresses, self.status = list(addresses), status
        self.requests: list[httpx.Request] = []

    def resolve(self, host: str, port: int) -> list[str]:
        answer = list(self.addresses)
        self.addresses = ["10.0.0.1"]  # whoever asks again is told something else
        return answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status, headers={"location": "http://169.254.169.254/"})

    def post(self, url: str, *hosts: str) -> None:
        post_json(url, b'{"a":1}', hosts=hosts, resolve=self.resolve, transport=httpx.MockTransport(self))


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    network = Network(PUBLIC)
    network.post("https://hooks.example.org/T0/secret?x=1")
    [request] = network.requests
    assert (request.url.host, request.url.raw_path) == (PUBLIC, b"/T0/secret?x=1")
    assert request.headers["host"] == "hooks.example.org"
    assert request.extensions["sni_hostname"] == "hooks.example.org"
    assert request.content == b'{"a":1}'


@pytest.mark.parametrize(
    "address",
    [
        *(
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
        ),
        *("::", "fd00:ec2::254", "fe80::1%eth0", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    ],
)
def test_private_addresses_are_refused_however_they_are_spelled(address: str) -> None:
    network = Network(PUBLIC, address)
    with pytest.raises(Forbidden, match="no public address"):
        network.post("https://hooks.example.org/")
    assert network.requests == []


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_and_named_hosts_may_be_reached_plainly(address: str) -> None:
    Network(address).post("http://localhost:9000/hook")
    Network("10.0.0.1").post("http://Alerts.internal/hook", "alerts.INTERNAL")


def test_loopback_is_a_private_address_where_others_may_set_alerts() -> None:
    def at_home(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with pytest.raises(Forbidden, match="no public address"):
        allowed_address("localhost", 9000, is_tls=False, hosts=(), loopback=False, resolve=at_home)
    found = allowed_address("localhost", 9000, is_tls=False, hosts=["localhost"], loopback=False, resolve=at_home)
    assert found.is_loopback


def test_plain_http_to_the_world_is_refused() -> None:
    with pytest.raises(Forbidden, match="encryption"):
        Network(PUBLIC).post("http://hooks.example.org/")


@pytest.mark.parametrize(("status", "again"), [(302, False), (404, False), (429, True), (503, True)])
def test_other_answers_are_failures_and_redirects_are_not_followed(status: int, again: bool) -> None:
    network = Network(PUBLIC, status=status)
    with pytest.raises(NotDelivered, match=str(status)) as raised:
        network.post("https://hooks.example.org/")
    assert raised.value.again is again
    assert len(network.requests) == 1


def test_a_name_that_leads_nowhere_is_tried_again() -> None:
    with pytest.raises(NotDelivered, match="no address") as raised:
        Network().post("https://nowhere.example.org/")
    assert raised.value.again


@pytest.mark.parametrize("url", ["https://a..b/", "https://a\u202eb.org/", "https://a.org/\x01"])
def test_an_address_that_cannot_be_called_is_given_up(url: str) -> None:
    with pytest.raises(NotDelivered) as raised:
        post_json(url, b"{}")
    assert not raised.value.again


def test_a_name_in_other_letters_is_called_by_its_ascii_form() -> None:
    network = Network(PUBLIC)
    network.post("https://bücher.example:8443/ü")
    [request] = network.requests
    assert request.headers["host"] == "xn--bcher-kva.example:8443"


def test_a_server_that_answers_byte_by_byte_is_left_in_time() -> None:
    """A real socket: the limit is of the whole call, not of the time between two bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
                while not over.wait(0.02):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(NotDelivered, match=r"longer than 0.3 s") as raised:
                post_json(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", timeout_s=0.3)
        finally:
            over.set()
            thread.join()
    assert raised.value.again


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://example.org/",
            "https://",
            "https://user:pw@example.org/",
            "javascript:alert(1)",
            "https://[::1",
            "//x",
        ),
        *(
            "https://a..b/",
            f"https://{'a' * 64}.org/",
            "https://a\u202eb.org/",
            "https://a.org/\x01",
            "https://a.org/x y",
        ),
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused_when_it_is_set(url: str) -> None:
    with pytest.raises(InvalidRequest):
        Action(webhook=url).checked(commands_allowed=False)


def test_a_command_is_refused_where_none_are_allowed() -> None:
    with pytest.raises(Forbidden, match="no commands"):
        Action(command=["true"]).checked(commands_allowed=False)
    assert Action(command=["true"]).checked(commands_allowed=True) == {"command": ["true"]}


def test_what_is_told_of_an_action_holds_no_secret() -> None:
    assert as_told({"webhook": "https://hooks.example.org/T0/secret"}) == {"webhook": "https://hooks.example.org/…"}
    assert as_told({"command": ["/bin/page", "--token", "secret"]}) == {"command": ["/bin/page", "…"]}


def test_a_command_gets_json_no_shell_and_few_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    script = 'test "$(cat)" = "{}" && test -z "$OPENAI_API_KEY" && test "$1" = "; exit 9"'
    run_command(["/bin/sh", "-c", script, "sh", "; exit 9"], b"{}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/bin/sh", "-c", "echo no room >&2; exit 3"], "status 3: no room"),
        (["/nowhere/at-all"], "cannot be started"),
        (["/bin/sh", "-c", "sleep 60 & wait"], "took longer"),
    ],
)
def test_a_command_that_fails_says_why(arguments: list[str], said: str) -> None:
    with pytest.raises(NotDelivered, match=said):
        run_command(arguments, b"{}", timeout_s=0.3 if "sleep" in str(arguments) else 30.0)


def test_a_helper_that_a_command_leaves_behind_is_not_waited_for() -> None:
    """It has left the command's session, and holds on to its standard error."""
    started = time.monotonic()
    run_command(["/bin/sh", "-c", "setsid sleep 2 &"], b"{}", timeout_s=30.0)
    assert time.monotonic() - started < 2.0
