"""One POST to a webhook, and nowhere else: the only requests that the collector makes by itself.

The host is looked up once, every address it has must be allowed, and the connection goes to the address that was looked
at: a name that points elsewhere a moment later changes nothing. Nothing is redirected, no proxy of the environment is
used, and of the answer only the status is read. The time limit is that of the whole call: a server that sends a byte
now and then holds nobody up.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Collection

import httpx

from assay.errors import AssayError, Forbidden

TIMEOUT_S = 10.0
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]  # host and port -> its addresses


class NotDelivered(AssayError):
    """The webhook was not reached, or did not take it. `again`: it may the next time."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


def post_json(
    url: str,
    body: bytes,
    *,
    hosts: Collection[str] = (),
    loopback: bool = True,
    resolve: Resolve | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Send it, once.

    Args:
        hosts: names and addresses that may be private, or reached over plain http.
        loopback: this machine may be reached so as well: where everybody who can set an alert is on it.
        resolve, transport: how names are looked up and requests sent.
        timeout_s: of the whole call, from the connection to the status.

    Raises:
        Forbidden: the address leads where no webhook may lead.
        NotDelivered: nobody took it.
    """
    try:
        given = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise NotDelivered(f"{url!r} is no address: {error}", again=False) from error
    host, port = given.raw_host.decode("ascii"), given.port or (443 if given.scheme == "https" else 80)
    address = allowed_address(
        host, port, is_tls=given.scheme == "https", hosts=hosts, loopback=loopback, resolve=resolve or _resolve
    )
    literal = f"[{address}]" if address.version == 6 else str(address)
    pinned = given.copy_with(host=literal, port=port)
    headers = {
        "host": given.netloc.decode("ascii"),
        "content-type": "application/json",
        "user-agent": "assay-alerts",
    }

    async def call() -> int:
        async with (
            httpx.AsyncClient(transport=transport, timeout=None, trust_env=False, follow_redirects=False) as client,
            # the certificate has to be the name's, not the address's
            client.stream("POST", pinned, content=body, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            return answer.status_code

    try:
        status = asyncio.run(asyncio.wait_for(call(), timeout_s))
    except TimeoutError as error:
        raise NotDelivered(f"{host} took longer than {timeout_s:g} s to answer", again=True) from error
    except httpx.HTTPError as error:
        raise NotDelivered(f"{host} could not be reached: {type(error).__name__}", again=True) from error
    if not 200 <= status < 300:
        redirected = ", and redirects are not followed" if 300 <= status < 400 else ""
        again = status in (408, 425, 429) or status >= 500
        raise NotDelivered(f"{host} answered {status}{redirected}", again=again)


def allowed_address(
    host: str, port: int, *, is_tls: bool, hosts: Collection[str], loopback: bool = True, resolve: Resolve
) -> Address:
    """The address to connect to.

    Raises:
        Forbidden: one of the host's addresses is private, or the way there is not encrypted.
        NotDelivered: the name leads nowhere.
    """
    try:
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(host, port)]
    except OSError as error:
        raise NotDelivered(f"{host} is not known: {error.strerror or error}", again=True) from error
    except UnicodeError as error:  # a label that is empty, or longer than names can have
        raise NotDelivered(f"{host} is no name of a host", again=False) from error
    if not found:
        raise NotDelivered(f"{host} has no address", again=True)
    named = host.lower() in {name.lower() for name in hosts}
    for address in map(_meant, found):
        if named or (loopback and address.is_loopback):
            continue
        if not address.is_global or address.is_multicast:
            raise Forbidden(
                f"{host} leads to {address}, which is no public address.",
                hint=f'If that is meant: ASSAY_ALERT_HOSTS=["{host}"] where the collector is started.',
            )
        if not is_tls:
            raise Forbidden(
                f"{host} is to be reached without encryption.",
                hint=f'Use https://, or name it: ASSAY_ALERT_HOSTS=["{host}"].',
            )
    return found[0]


def _meant(address: Address) -> Address:
    """Of an IPv6 address that stands for an IPv4 one, that one: private addresses have many spellings."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _resolve(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
