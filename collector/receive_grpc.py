"""OTLP over gRPC: the three Export methods, on a port of their own.

Messages come in as bytes and are unpacked and decoded here, with the limits of OTLP/HTTP; grpcio would inflate as much
as its limit allows, and would answer INTERNAL for what cannot be decoded. The methods are served as if requests were
streams: so the key and the queue are looked at before the message is read. On the wire that is the same.

Loaded only by a collector that serves gRPC. A process that forks after that must not use it in the child.

Source: opentelemetry-specification, protocol/otlp.md, "OTLP/gRPC".
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.rpc.code_pb2 import INTERNAL  # type: ignore[import-untyped]

from assay.collector.access import Access
from assay.collector.api.errors import TooLarge, status_of
from assay.collector.inflate import inflate
from assay.collector.otlp import CODES, SIGNALS, Signal, encode_success, error_status, retry_after_s, retry_info
from assay.collector.service import Service
from assay.errors import AssayError, CollectorUnavailable, ConfigurationError, InvalidRequest

logger = logging.getLogger("assay.collector")

EXPORT = "Export"
PROJECT_KEY = "x-project-name"
THREADS = 32  # each waits for its commit, and those that wait together are committed together
STOP_WITHIN_S = 5.0
MAX_DETAILS_CHARS = 1000  # clients take no more than 8 kB of trailing metadata

STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}

# How a compressed message starts. No Export request does: its first byte names field 1.
MAGIC = {b"\x1f\x8b": "gzip", b"\x78": "deflate"}


class GrpcServer:
    """Serves OTLP/gRPC from threads of its own, from `start` on until `stop`."""

    def __init__(self, service: Service, access: Access, *, host: str, port: int, max_body_bytes: int) -> None:
        """Bind the port; 0 takes a free one.

        Raises:
            ConfigurationError: the port is taken.
        """
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="assay-grpc"),
            handlers=[_Methods(service, access, max_body_bytes)],
            options=[
                ("grpc.max_receive_message_length", max_body_bytes),
                ("grpc.per_message_decompression", 0),  # we do, within limits
                ("grpc.so_reuseport", 0),  # two collectors on one port would each get half of the spans
            ],
        )
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port: int = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise ConfigurationError(
                f"Cannot listen on {address} for OTLP/gRPC: the port is taken, or may not be used.",
                hint="Is another collector running? Choose another port with --grpc-port, 0 for a free one, "
                "or do without: --grpc-port off.",
            ) from error

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Refuse new requests, answer what is under way, let go of the port."""
        self._server.stop(STOP_WITHIN_S).wait()


class _Methods(grpc.GenericRpcHandler):
    """Which method is served how. Others are UNIMPLEMENTED, which senders do not try again."""

    def __init__(self, service: Service, access: Access, max_body_bytes: int) -> None:
        self._methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            f"/{signal.service}/{EXPORT}": grpc.stream_unary_rpc_method_handler(
                _Export(signal, f"/{signal.service}/{EXPORT}", service, access, max_body_bytes)
            )
            for signal in SIGNALS
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._methods.get(handler_call_details.method)


class _Export:
    """Answers calls of one method."""

    def __init__(self, signal: Signal, method: str, service: Service, access: Access, max_body_bytes: int) -> None:
        self._signal = signal
        self._method = method
        self._service = service
        self._access = access
        self._max_body_bytes = max_body_bytes

    def __call__(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            return self._export(messages, context)
        except AssayError as error:
            _abort(context, error)
        except grpc.RpcError:
            raise  # the sender has gone
        except Exception:
            logger.exception("%s failed", self._method)
            _abort(context, CollectorUnavailable("The collector failed.", hint="Its log says why."))

    def _export(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        metadata = dict(context.invocation_metadata())
        admitted = self._access.check_call(self._method, metadata.get("authorization", ""), context.peer())
        if self._service.full():
            raise CollectorUnavailable("The collector has more waiting than it may hold.", hint="Send it again later.")
        with self._service.intake.hold() as held:
            message = next(messages, None)
            if message is None:
                raise InvalidRequest("There is no message in this call.", hint="Send one.")
            held.add(len(message))
            self._access.limiter.charge(admitted.sender, len(message))
            body = self._unpack(message)
            held.add(len(body) - len(message))
            del message
            held.complete()
            accepted = self._service.ingest(
                body,
                str(metadata.get(PROJECT_KEY, "")) or None,
                only_project=admitted.key.project if admitted.key else None,
                decode=self._signal.decoders["protobuf"],
            ).result()
        self._service.intake.tell_rejected(self._signal.records, accepted.rejected)
        return encode_success(self._signal, accepted.rejected, "protobuf")

    def _unpack(self, message: bytes) -> bytes:
        encoding = next((name for start, name in MAGIC.items() if message.startswith(start)), None)
        return inflate(message, encoding, self._max_body_bytes) if encoding else message


def _abort(context: grpc.ServicerContext, error: AssayError) -> NoReturn:
    """End a call with a code that tells whether to try again, and a google.rpc.Status that says why."""
    status, _ = status_of(error)
    code = CODES.get(status, INTERNAL)
    if isinstance(error, TooLarge):
        code = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    if code == INTERNAL:  # a fault of ours that may pass: INTERNAL would lose the batch
        code = grpc.StatusCode.UNAVAILABLE.value[0]
    retry_s = retry_after_s(error) if code == grpc.StatusCode.UNAVAILABLE.value[0] else None
    message = str(error)[:MAX_DETAILS_CHARS]
    trailers: list[tuple[str, bytes]] = [
        ("grpc-status-details-bin", error_status(code, message, retry_s=retry_s).SerializeToString())
    ]
    if retry_s is not None:  # where Python's exporter looks; the others look into the details
        trailers.append(("google.rpc.retryinfo-bin", retry_info(retry_s).SerializeToString()))
    context.set_trailing_metadata(tuple(trailers))
    context.abort(STATUS_CODES[code], message)
    raise AssertionError("abort raises")
