"""Sending mail by the server that ``SMTP_URL`` names.

What belongs here: reading that address and talking SMTP. What does not: when a mail is due and what it says
(``alerts``). Servers quote addresses and names in what they answer, so an error here quotes no server: it
says in our words what kind of refusal it was.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

from strava_assets.errors import MailNotSent, MailRefused

#: Seconds for the connection, and for each answer.
TIMEOUT = 15.0
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in.

    Attributes
    ----------
    tls : bool
        Encrypted from the first byte; otherwise as soon as the server offers STARTTLS.
    login : (str, str) or None
        User and password.
    """

    host: str
    port: int
    tls: bool
    login: tuple[str, str] | None = field(repr=False)

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine, so that nobody is in between."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def mail_server(url: str) -> MailServer:
    """Read ``smtp://user:password@host:587`` or ``smtps://user:password@host:465``; the login may be left out.

    Raises
    ------
    ValueError
        It is neither. Nothing of it is quoted, for it may be the password.
    """
    try:
        parts = urlsplit(url)
        port, user, password = parts.port, parts.username, parts.password
        good = parts.scheme in _PORTS and parts.hostname and not (parts.path.strip("/") or parts.query)
        # smtplib sends ASCII only
        good = good and not parts.fragment and bool(user) == bool(password) and unquote(f"{user}{password}").isascii()
    except ValueError:
        good = False
    if not good:
        raise ValueError(
            "cannot be read as smtp://user:password@host:587 or smtps://user:password@host:465; "
            "signs such as @ / # % in the password are written as %40 %2F %23 %25"
        )
    login = (unquote(user), unquote(password)) if user and password else None
    return MailServer(str(parts.hostname), port or _PORTS[parts.scheme], parts.scheme == "smtps", login)


def send(server: MailServer, to: str, subject: str, text: str) -> None:
    """Hand in one plain mail. It comes from the login, if that is an address, else from its receiver.

    Raises
    ------
    MailRefused
        It makes no sense to try again with the same settings.
    MailNotSent
        Not now.
    """
    user = server.login[0] if server.login else ""
    message = EmailMessage()
    message["From"] = user if "@" in user else to
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=str(message["From"]).rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # no holiday notes in answer
    message.set_content(text)
    with _session(server) as smtp:
        smtp.send_message(message)


def greet(server: MailServer) -> None:
    """Say hello and log in; send nothing.

    Raises
    ------
    MailRefused, MailNotSent
    """
    with _session(server) as smtp:
        smtp.noop()


@contextmanager
def _session(server: MailServer) -> Iterator[Any]:
    """A connection: encrypted where it can be, logged in where there is a login."""
    import smtplib
    import ssl

    context = ssl.create_default_context()
    if server.loopback:  # certificates are hardly ever made for it
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
            if server.tls
            else smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        ) as smtp:
            smtp.ehlo_or_helo_if_needed()
            encrypted = server.tls
            if not encrypted and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
                encrypted = True
            if server.login:
                if not (encrypted or server.loopback):
                    raise MailRefused(
                        "the mail server offers no encryption, and the login of SMTP_URL is not sent without it; "
                        "try smtps://, or the port for submission (587)"
                    )
                smtp.login(*server.login)
            yield smtp
    except ssl.SSLCertVerificationError:
        raise MailRefused("the mail server's certificate is not one for its name that this machine trusts") from None
    except smtplib.SMTPAuthenticationError as error:
        raise _error("the login of SMTP_URL", error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise MailRefused("the mail server offers no login; leave user and password out of SMTP_URL") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _error("STRAVA_ASSETS_ALERT_EMAIL", max(code for code, _ in error.recipients.values())) from None
    except smtplib.SMTPResponseException as error:
        raise _error("the mail", error.smtp_code) from None
    except OSError as error:
        raise MailNotSent(f"the mail server of SMTP_URL does not answer ({type(error).__name__})") from None


def _error(what: str, code: int) -> MailNotSent:
    """RFC 5321: 5yz is for good, anything else for now."""
    kind = MailRefused if code >= 500 else MailNotSent
    return kind(f"the mail server does not accept {what} ({code})")
