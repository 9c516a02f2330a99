from __future__ import annotations

import base64
import quopri

import pytest

from assay.model.candidate import Signature
from assay.repo.mail import is_mailbox, mailbox, split_mailbox

DIFF = b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-caf\xe9\n+b\n-- \n2.39\n"
HEAD = b"""From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?Ada_L=C3=B6velace?= <ada@example.org>
Date: Tue, 2 Jan 2024 03:04:05 +0130
Subject: [PATCH v2 1/3] Say it
 better
"""


def one(data: bytes):
    (mail,) = split_mailbox(data)
    return mail


def test_author_date_subject_and_message() -> None:
    mail = one(HEAD + b"\nWhy it is better.\n---\n f | 2 +-\n\n" + DIFF)
    assert mail.author == Signature(name="Ada Lövelace", email="ada@example.org", time=1704159245, offset=90)
    assert mail.message == "Say it better\n\nWhy it is better."
    assert DIFF in mail.patch


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"base64", base64.encodebytes(b"Text.\n---\n" + DIFF)),
        (b"quoted-printable", quopri.encodestring(b"Text.\n---\n" + DIFF)),
        (b"8bit", b"Text.\n---\n" + DIFF),
    ],
)
def test_transfer_encodings_keep_every_byte_of_the_diff(encoding: bytes, body: bytes) -> None:
    head = b"Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: " + encoding
    mail = one(HEAD + head + b"\n\n" + body)
    assert mail.patch == b"---\n" + DIFF
    assert mail.message == "Say it better\n\nText."


def test_an_attached_patch() -> None:
    head = b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="xx"\n\n'
    part = b"--xx\nContent-Type: text/%s\n\n%s\n"
    mail = one(HEAD + head + part % (b"plain", b"Text.") + part % (b"x-patch", b"---\n" + DIFF) + b"--xx--\n")
    assert DIFF.rstrip() in mail.patch
    assert "Text." in mail.message


def test_several_mails_and_a_mailbox_of_our_own() -> None:
    assert [mail.message for mail in split_mailbox((HEAD + b"\n---\n" + DIFF) * 3)] == ["Say it better"] * 3
    parts = split_mailbox(mailbox([DIFF, DIFF + b"no end"]))
    assert [part.patch.removeprefix(b"---\n") for part in parts] == [DIFF, DIFF + b"no end\n"]


def test_a_sender_named_in_the_body_is_the_author() -> None:
    mail = one(HEAD + b"\nFrom: Bob <bob@example.org>\n\nWhy.\n---\n" + DIFF)
    assert mail.author is not None and mail.author.name == "Bob"
    assert mail.message == "Say it better\n\nWhy."


def test_crlf_mail() -> None:
    mail = one((HEAD + b"\nWhy.\n---\n").replace(b"\n", b"\r\n") + DIFF)
    assert mail.author is not None and mail.author.email == "ada@example.org"
    assert mail.message == "Say it better\n\nWhy."
    assert mail.patch.endswith(DIFF)


@pytest.mark.parametrize(
    "head",
    [
        b"From: \nSubject: \n",
        b"From: =?bogus?q?x?= <a>\nSubject: =?utf-8?b?!!!?=\nDate: nonsense\n",
        b"Subject: \xff\xfe\nFrom: \xff\nDate: Tue, 99 Jan 99999 99:99:99 +9999\n",
        b"Content-Type: text/plain; charset=nonsense\nSubject: x\nFrom: a\n",
        b"Content-Transfer-Encoding: base64\nSubject: x\nFrom: a\n",
    ],
)
def test_broken_headers_are_no_error(head: bytes) -> None:
    assert len(split_mailbox(b"From x Mon Sep 17 00:00:00 2001\n" + head + b"\nbody\n---\n" + DIFF)) == 1


def test_what_is_a_mailbox() -> None:
    assert is_mailbox(HEAD)
    assert is_mailbox(HEAD.partition(b"\n")[2])
    assert not is_mailbox(DIFF)
    assert not is_mailbox(b"")
    assert not is_mailbox(b"From here on, prose.\n" + DIFF)
    assert not is_mailbox(b"From: me\n\n" + DIFF)
