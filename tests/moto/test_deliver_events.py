"""The function that posts events to a system that is not on AWS: signed, to public addresses only, and tried again."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from client_lifecycle.edge import wiring
from client_lifecycle.storage.deliveries import wait_after
from client_lifecycle.storage.endpoint import Endpoint, NotDelivered, addresses_of
from tests.moto.conftest import Log
from tests.support.calls import invoke

HANDLER = "deliver_events.handler.lambda_handler"
PREFIX = "/test/deliveries"
HOST = "receiver.example"
OLD = f"whsec_{base64.b64encode(b'the secret before ..............').decode()}"
NEW = f"whsec_{base64.b64encode(b'the present secret .............').decode()}"
EVENT = {
    "name": "appointment.cancelled",
    "event_id": "01KJPZ0000ARCHVE0000000001:appointment.cancelled:appt-1",
    "correlation_id": "01KJPZ0000ARCHVE0000000001",
    "detail": {"appointment_id": "appt-1"},
}


class Receiver(HTTPServer):
    """A system that is not on AWS: it keeps what it is posted, and answers as it is told."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Receive)
        self.socket = trust.wrap_socket(self.socket, server_side=True)
        self.status, self.posted = 204, list[tuple[dict[str, str], bytes]]()

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.server_port}/events?from=archive"


class Receive(BaseHTTPRequestHandler):
    """One post."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(({**dict(self.headers), "path": self.path}, body))
        self.send_response(self.server.status)
        self.send_header("Location", "https://127.0.0.1/inside")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _certificate(folder: Path, host: str) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def listening(certificate: Path) -> Iterator[Receiver]:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(certificate)
    receiver = Receiver(trust)
    thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _certificate(tmp_path_factory.mktemp("trust"), HOST)


@pytest.fixture
def receiver(certificate: Path) -> Iterator[Receiver]:
    with listening(certificate) as one:
        yield one


def to_loopback(url: str, certificate: Path) -> Endpoint:
    """The one seam of these tests: an endpoint that resolves to this machine, and takes its certificate."""
    return Endpoint(url, resolve=lambda _: ["127.0.0.1"], trust=ssl.create_default_context(cafile=certificate))


@pytest.fixture
def queue(aws: None, receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A queue of deliveries to the receiver, and a secret that has been renewed once."""
    url: str = boto3.client("sqs").create_queue(QueueName="deliveries")["QueueUrl"]
    monkeypatch.setenv("DELIVERY_URL", receiver.url)
    monkeypatch.setenv("DELIVERY_QUEUE_URL", url)
    monkeypatch.setenv("DELIVERY_SECRET_PREFIX", PREFIX)
    for connection in (wiring.deliveries, wiring.delivery_secrets, wiring.endpoint):
        connection.cache_clear()
    monkeypatch.setattr(wiring, "endpoint", lambda: to_loopback(receiver.url, certificate))
    for secret in (OLD, NEW):
        boto3.client("ssm").put_parameter(Name=f"{PREFIX}/endpoint", Value=secret, Type="SecureString", Overwrite=True)
    return url


def delivered(queue: str, *events: dict[str, Any]) -> list[str]:
    """Let Lambda deliver what is in the queue; return the names of the events that are to be tried again."""
    sqs = boto3.client("sqs")
    for event in events:
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    records = [
        {
            "messageId": one["MessageId"],
            "receiptHandle": one["ReceiptHandle"],
            "body": one["Body"],
            "attributes": one["Attributes"],
        }
        for one in found
    ]
    again = {one["itemIdentifier"] for one in invoke(HANDLER, {"Records": records})["batchItemFailures"]}
    return [json.loads(one["body"])["name"] for one in records if one["messageId"] in again]


@pytest.mark.parametrize("secret", [NEW, OLD], ids=["present", "before"])
def test_a_receiver_verifies_what_is_posted_with_either_secret(
    queue: str, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "now", lambda: datetime.now(UTC))
    assert delivered(queue, EVENT) == []
    [(headers, body)] = receiver.posted
    assert Webhook(secret).verify(body, headers) == EVENT
    assert headers["path"] == "/events?from=archive"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)


def test_every_delivery_of_an_event_has_its_id(queue: str, receiver: Receiver) -> None:
    assert delivered(queue, EVENT, EVENT, {**EVENT, "event_id": "01KJPZ"}) == []
    assert [headers["webhook-id"] for headers, _ in receiver.posted] == [
        "01KJPZ0000ARCHVE0000000001:appointment%2Ecancelled:appt-1",
        "01KJPZ0000ARCHVE0000000001:appointment%2Ecancelled:appt-1",
        "01KJPZ",
    ]


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_is_a_delivery(queue: str, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert delivered(queue, EVENT) == []


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 429, 500, 503])
def test_anything_else_is_tried_again_and_no_redirect_is_followed(
    queue: str, receiver: Receiver, log: Log, status: int
) -> None:
    receiver.status = status
    assert delivered(queue, EVENT) == ["appointment.cancelled"]
    assert len(receiver.posted) == 1
    assert boto3.client("sqs").receive_message(QueueUrl=queue).get("Messages", []) == []
    assert f"answered {status}" in log.text


def test_without_a_secret_nothing_is_posted(queue: str, receiver: Receiver, log: Log) -> None:
    boto3.client("ssm").delete_parameter(Name=f"{PREFIX}/endpoint")
    assert delivered(queue, EVENT) == ["appointment.cancelled"]
    assert receiver.posted == []
    assert "no secret" in log.text


def test_one_that_fails_holds_up_no_other(queue: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = iter([500, 204])

    def next_status(self: Receive, _: int, message: str | None = None) -> None:
        self.send_response_only(next(statuses), message)

    monkeypatch.setattr(Receive, "send_response", next_status)
    assert delivered(queue, EVENT, {**EVENT, "name": "chat.left"}) == ["appointment.cancelled"]
    assert len(receiver.posted) == 2


def test_tries_are_further_and_further_apart_up_to_an_hour() -> None:
    waits = [wait_after(attempt) for attempt in range(1, 31)]
    assert waits[:4] == [30, 60, 120, 240]
    assert max(waits) == 3_600
    assert timedelta(hours=20) < timedelta(seconds=sum(waits)) < timedelta(hours=30)


# Where nothing is posted


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - refused
        "224.0.0.1",
        "255.255.255.255",
        "2130706433",
        "0x7f.1",
    ],
)
def test_an_address_inside_a_network_is_refused(host: str) -> None:
    with pytest.raises(NotDelivered, match="address not public"):
        addresses_of(host)
    with pytest.raises(NotDelivered, match="address not public"):
        Endpoint(f"https://{host}/events").post(b"{}", {})


def test_a_name_of_which_one_address_is_private_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", (address, 0)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: found[:1])
    assert addresses_of(HOST) == ["93.184.215.14"]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: found)
    with pytest.raises(NotDelivered, match="address not public"):
        addresses_of(HOST)


@pytest.mark.parametrize("url", ["http://receiver.example/", "file:///etc/passwd", "https:///events"])
def test_nothing_but_https_is_posted_to(url: str) -> None:
    with pytest.raises(NotDelivered, match="not https"):
        Endpoint(url).post(b"{}", {})


def test_a_name_that_nobody_has_is_tried_again() -> None:
    with pytest.raises(NotDelivered, match="name not resolved"):
        Endpoint("https://receiver.invalid/").post(b"{}", {})


def test_the_certificate_must_be_that_of_the_name(receiver: Receiver, certificate: Path) -> None:
    other = f"https://other.example:{receiver.server_port}/"
    with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        to_loopback(other, certificate).post(b"{}", {})
    with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        Endpoint(receiver.url, resolve=lambda _: ["127.0.0.1"]).post(b"{}", {})
    assert receiver.posted == []


def test_nobody_listening_is_tried_again(certificate: Path) -> None:
    with listening(certificate) as gone:
        url = gone.url
    with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
        to_loopback(url, certificate).post(b"{}", {})
