"""Errors of the host and what to do about them."""

import errno

import pytest

from limavm.host.hints import hint_of


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG])
def test_what_users_can_mend_has_a_hint(number: int) -> None:
    assert hint_of(number)


@pytest.mark.parametrize("number", [None, errno.EIO, errno.ELOOP])
def test_what_they_cannot_has_none(number: int | None) -> None:
    assert hint_of(number) is None
