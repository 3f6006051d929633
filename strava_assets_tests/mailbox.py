"""A real mail server on loopback, with and without encryption and login, and what it was handed."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from strava_assets.stack import free_port

OWNER = "owner@example.org"
LOGIN = ("robot", "open/sesame")


class Mailbox:
    """What a server was handed; ``answer`` is what it says to a mail's receiver."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.senders: list[str] = []
        self.logins = 0
        self.answer = "250 OK"
        self.port = free_port()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default))
        self.encrypted.append(session.ssl is not None)
        self.senders.append(envelope.mail_from)
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        good = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == LOGIN
        return AuthResult(success=good, handled=False)

    @property
    def texts(self) -> list[str]:
        """Subject and body of each mail."""
        return [f"{mail['Subject']}\n{mail.get_content()}" for mail in self.mails]

    @contextmanager
    def open(self, **options: Any) -> Iterator[Mailbox]:
        """Let the server run until the end of the block; options are aiosmtpd's."""
        server = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        server.start()
        try:
            yield self
        finally:
            server.stop()

    def with_login(self, **options: Any) -> Any:
        """The same, for those who log in."""
        return self.open(authenticator=self.authenticate, **options)


def self_signed(folder: Path) -> ssl.SSLContext:
    """Encryption with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
