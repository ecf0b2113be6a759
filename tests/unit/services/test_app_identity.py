"""The app's own identity, where no key is given."""

from docpipeline.services.app_identity import AppIdentity


async def test_all_clients_share_one_credential_until_it_is_closed() -> None:
    """Each credential fetches and keeps tokens of its own."""
    identity = AppIdentity()
    first = identity.credential()
    assert identity.credential() is first
    await identity.close()
    assert identity.credential() is not first
    await identity.close()


async def test_closing_an_identity_that_nobody_used_does_nothing() -> None:
    await AppIdentity().close()
