"""Mail is handed to a real server: encrypted where it can be, and a login never goes out in the clear."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from strava_assets import mail
from strava_assets.errors import MailNotSent, MailRefused
from strava_assets_tests.mailbox import LOGIN, OWNER, Mailbox, self_signed

USER, PASSWORD = LOGIN[0], quote(LOGIN[1], safe="")
#: Reaches this machine, and looks like another.
ELSEWHERE = "0.0.0.0"


def send(url: str) -> None:
    mail.send(mail.mail_server(url), OWNER, "Zürich", "It works again.\n")


def test_a_mail_arrives_as_it_was_written() -> None:
    with Mailbox().open() as box:
        send(f"smtp://127.0.0.1:{box.port}")
    [message] = box.mails
    assert (message["From"], message["To"], message["Subject"]) == (OWNER, OWNER, "Zürich")
    assert message.get_content() == "It works again.\n"
    assert message["Message-ID"].endswith("@example.org>")
    assert box.encrypted == [False]


def test_it_is_encrypted_and_logged_in_when_the_server_offers_that(tmp_path: Path) -> None:
    with Mailbox().with_login(tls_context=self_signed(tmp_path), require_starttls=True) as box:
        send(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{box.port}")
        mail.greet(mail.mail_server(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{box.port}"))
    assert (box.encrypted, box.logins) == ([True], 2)


def test_smtps_is_encrypted_from_the_first_byte(tmp_path: Path) -> None:
    with Mailbox().open(ssl_context=self_signed(tmp_path)) as box:
        send(f"smtps://127.0.0.1:{box.port}")
    assert len(box.mails) == 1


def test_a_login_that_is_an_address_is_the_sender() -> None:
    with Mailbox().open(authenticator=lambda *_: _yes(), auth_require_tls=False) as box:
        send(f"smtp://robot%40example.net:{PASSWORD}@127.0.0.1:{box.port}")
    assert box.senders == ["robot@example.net"]


def _yes() -> object:
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=True)


def test_a_login_is_not_sent_unencrypted_but_on_this_machine() -> None:
    with Mailbox().with_login(auth_require_tls=False) as box:
        with pytest.raises(MailRefused, match="no encryption"):
            send(f"smtp://{USER}:{PASSWORD}@{ELSEWHERE}:{box.port}")
        assert box.logins == 0
        send(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{box.port}")
    assert box.logins == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_of_nobody_is_not_trusted_elsewhere(tmp_path: Path, scheme: str) -> None:
    kind = "ssl_context" if scheme == "smtps" else "tls_context"
    with Mailbox().with_login(**{kind: self_signed(tmp_path)}) as box, pytest.raises(MailRefused, match="certificate"):
        send(f"{scheme}://{USER}:{PASSWORD}@{ELSEWHERE}:{box.port}")
    assert (box.logins, box.mails) == (0, [])


def test_a_wrong_password_is_refused_for_good(tmp_path: Path) -> None:
    with Mailbox().with_login(tls_context=self_signed(tmp_path)) as box, pytest.raises(MailRefused) as told:
        send(f"smtp://{USER}:wrong-word@127.0.0.1:{box.port}")
    assert str(told.value) == "the mail server does not accept the login of SMTP_URL (535)"


def test_a_login_where_there_is_none_is_refused_for_good() -> None:
    with Mailbox().open() as box, pytest.raises(MailRefused, match="offers no login"):
        send(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{box.port}")


@pytest.mark.parametrize(("answer", "kind"), [("550 no such user owner", MailRefused), ("451 later", MailNotSent)])
def test_what_the_server_says_of_the_receiver_is_not_repeated(answer: str, kind: type[MailNotSent]) -> None:
    with Mailbox().open() as box:
        box.answer = answer
        with pytest.raises(MailNotSent) as told:
            send(f"smtp://127.0.0.1:{box.port}")
    assert type(told.value) is kind
    assert str(told.value) == f"the mail server does not accept STRAVA_ASSETS_ALERT_EMAIL ({answer[:3]})"


def test_nobody_there_is_for_now() -> None:
    with pytest.raises(MailNotSent, match="does not answer") as told:
        send(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{Mailbox().port}")
    assert type(told.value) is MailNotSent


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://robot:12/34@mail.example.org",
        "smtp://robot:12#34@mail.example.org",
        "smtp://robot:12?34@mail.example.org",
        "smtp://robot:secret-word@[mail",
        "smtp://robot@mail.example.org",
        "smtp://robot:gr%C3%BCn@mail.example.org",
        "smtp://mail.example.org:99999",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="cannot be read as smtp://") as told:
        mail.mail_server(url)
    assert "34" not in str(told.value)
    assert "secret-word" not in str(told.value)


def test_ports_and_signs_in_the_password() -> None:
    server = mail.mail_server("smtps://robot:a%2Fb%40c@mail.example.org")
    assert (server.host, server.port, server.tls, server.login) == ("mail.example.org", 465, True, ("robot", "a/b@c"))
    assert mail.mail_server("smtp://mail.example.org").port == 587
    assert "a/b@c" not in repr(server)
