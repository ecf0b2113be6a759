"""What a client may send as blobUrl, and what is refused."""

import pytest

from docpipeline.errors import InvalidBlobUrl
from docpipeline.services.blob_url import BlobLocation, parse_blob_url, refuse_kept_container

OWN = "https://ours.blob.core.windows.net"
HOSTS = {"ours.blob.core.windows.net", "partner.blob.core.windows.net"}
AZURITE = "http://127.0.0.1:10000/devstoreaccount1"
AZURITE_HOSTS = {"127.0.0.1:10000"}


def test_a_blob_of_the_own_account_is_recognised() -> None:
    assert parse_blob_url(f"{OWN}/inbox/2026/a.pdf", HOSTS, OWN) == BlobLocation(
        f"{OWN}/inbox/2026/a.pdf", "inbox", "2026/a.pdf", is_own=True, has_sas=False
    )


def test_a_sas_is_noticed_and_left_out_of_the_location() -> None:
    url = "https://partner.blob.core.windows.net/inbox/a.pdf?sv=2026-06-06&sig=abc%2Bdef"
    location = parse_blob_url(url, HOSTS, OWN)
    assert location.has_sas
    assert not location.is_own
    assert "sig" not in repr(location)


def test_the_blobs_name_is_decoded() -> None:
    location = parse_blob_url(f"{OWN}/inbox/Gr%C3%B6%C3%9Fe%20%231.pdf", HOSTS, OWN)
    assert location.blob == "Größe #1.pdf"


@pytest.mark.parametrize("spelling", ["HTTPS://OURS.blob.core.WINDOWS.net/inbox/a", f"{OWN}:443/inbox/a"])
def test_case_of_the_host_and_the_default_port_do_not_matter(spelling: str) -> None:
    assert parse_blob_url(spelling, HOSTS, OWN).is_own


def test_azurite_is_read_over_http_with_the_account_in_the_path() -> None:
    location = parse_blob_url(f"{AZURITE}/inbox/a.pdf", AZURITE_HOSTS, AZURITE)
    assert (location.container, location.blob, location.is_own) == ("inbox", "a.pdf", True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.pdf",
        "inbox/a.pdf",
        "//ours.blob.core.windows.net/inbox/a.pdf",
        "ftp://ours.blob.core.windows.net/inbox/a.pdf",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://ours.blob.core.windows.net/inbox/a.pdf",
        "https://other.blob.core.windows.net/inbox/a.pdf",
        "https://ours.blob.core.windows.net.evil.com/inbox/a.pdf",
        "https://evil.com/ours.blob.core.windows.net/inbox/a.pdf",
        "https://ours.blob.core.windows.net@evil.com/inbox/a.pdf",
        "https://user:password@ours.blob.core.windows.net/inbox/a.pdf",
        "https://@ours.blob.core.windows.net/inbox/a.pdf",
        r"https://evil.com\.blob.core.windows.net/inbox/a.pdf",
        r"https://ours.blob.core.windows.net\@evil.com/inbox/a.pdf",
        "https://ours.blob.core.windows.net:8443/inbox/a.pdf",
        "https://ours.blob.core.windows.net:80/inbox/a.pdf",
        "https://ours.blob.core.windows.net:/inbox/a.pdf",
        "https://ours.blob.core.windows.net./inbox/a.pdf",
        "https://ours%2Eblob.core.windows.net/inbox/a.pdf",
        "https://ours.blob.core.windows.net%00.evil.com/inbox/a.pdf",
        "https://ours.blob.core.windows.net/inbox/a.pdf#part",
        "https://ours.blob.core.windows.net/inbox/a.pdf#",
        "https://evil.com#@ours.blob.core.windows.net/inbox/a.pdf",
        "https://evil.com?@ours.blob.core.windows.net/inbox/a.pdf",
        "https://ours.blob.core.windows.net/inbox/a\n.pdf",
        "https://ours.blob.core.windows.net\t/inbox/a.pdf",
        " https://ours.blob.core.windows.net/inbox/a.pdf",
        "https://ours.blob.core.windows.net /inbox/a.pdf",
        "https://оurs.blob.core.windows.net/inbox/a.pdf",
        "https://ours。blob.core.windows.net/inbox/a.pdf",
        "https://169.254.169.254/latest/meta-data",
        "http://169.254.169.254/metadata/instance",
        "https://2852039166/latest/meta-data",
        "https://0xa9fea9fe/latest/meta-data",
        "https://[::1]/inbox/a.pdf",
        "https://[::ffff:169.254.169.254]/latest/meta-data",
        "https://[bad/inbox/a.pdf",
        "https://localhost/inbox/a.pdf",
        "https://127.0.0.1/inbox/a.pdf",
        "https://ours-secondary.blob.core.windows.net/inbox/a.pdf",
        "https://ours.privatelink.blob.core.windows.net/inbox/a.pdf",
        "https:///inbox/a.pdf",
        "https://ours.blob.core.windows.net",
        "https://ours.blob.core.windows.net/",
        "https://ours.blob.core.windows.net/inbox",
        "https://ours.blob.core.windows.net/inbox/",
        "https://ours.blob.core.windows.net//a.pdf",
        "https://ours.blob.core.windows.net/IN/a.pdf",
        "https://ours.blob.core.windows.net/in--box/a.pdf",
        "https://ours.blob.core.windows.net/$logs/a.pdf",
        "https://ours.blob.core.windows.net/inbox/../secrets/a.pdf",
        "https://ours.blob.core.windows.net/inbox/%2e%2e/secrets/a.pdf",
        "https://ours.blob.core.windows.net/inbox/./a.pdf",
        "https://ours.blob.core.windows.net/inbox/a%00.pdf",
        "https://ours.blob.core.windows.net/inbox/a%0A.pdf",
        "https://ours.blob.core.windows.net/inbox/a%5Cb.pdf",
        "https://ours.blob.core.windows.net/inbox/%ff.pdf",
        "https://ours.blob.core.windows.net/inbox/" + "a" * 1025,
        "https://ours.blob.core.windows.net/inbox/a?" + "s" * 4096,
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidBlobUrl, match="blobUrl"):
        parse_blob_url(url, HOSTS, OWN)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:10000/otheraccount/inbox/a.pdf",
        "http://127.0.0.1:10000/devstoreaccount1",
        "http://127.0.0.1:10000/devstoreaccount1evil/inbox/a.pdf",
        "http://127.0.0.1:10000/devstoreaccount1/inbox",
        "http://127.0.0.1:10001/devstoreaccount1/inbox/a.pdf",
        "http://127.0.0.1/devstoreaccount1/inbox/a.pdf",
        "http://localhost:10000/devstoreaccount1/inbox/a.pdf",
        "http://127.0.0.1:10000@evil.com/devstoreaccount1/inbox/a.pdf",
        "http://169.254.169.254/devstoreaccount1/inbox/a.pdf",
    ],
)
def test_beside_azurites_own_account_http_is_refused(url: str) -> None:
    with pytest.raises(InvalidBlobUrl):
        parse_blob_url(url, AZURITE_HOSTS, AZURITE)


def test_the_refusal_names_the_allowed_hosts_and_never_the_url() -> None:
    with pytest.raises(InvalidBlobUrl) as refused:
        parse_blob_url("https://evil.com/inbox/a.pdf?sig=topsecret", HOSTS, OWN)
    assert "partner.blob.core.windows.net" in str(refused.value)
    assert "ALLOWED_BLOB_HOSTS" in str(refused.value)
    assert "evil" not in str(refused.value)
    assert "topsecret" not in str(refused.value)


def test_the_own_host_is_refused_when_operators_list_others_only() -> None:
    with pytest.raises(InvalidBlobUrl):
        parse_blob_url(f"{OWN}/inbox/a.pdf", {"partner.blob.core.windows.net"}, OWN)


KEPT = {"extractions", "archive"}


@pytest.mark.parametrize("query", ["", "?sv=2026-06-06&sig=topsecret"])
@pytest.mark.parametrize("container", ["extractions", "archive", "azure-webjobs-secrets", "azure-webjobs-hosts"])
@pytest.mark.parametrize(("own", "hosts"), [(OWN, HOSTS), (AZURITE, AZURITE_HOSTS)])
def test_a_container_of_the_app_itself_is_refused_and_what_is_allowed_named(
    own: str, hosts: set[str], container: str, query: str
) -> None:
    location = parse_blob_url(f"{own}/{container}/doc/a.pdf{query}", hosts, own)
    with pytest.raises(InvalidBlobUrl, match=f"'{container}'.*'incoming'") as refused:
        refuse_kept_container(location, KEPT)
    assert "topsecret" not in str(refused.value)


@pytest.mark.parametrize("container", ["$logs", "$root", "$web", "%24logs"])
def test_a_system_container_is_refused_and_what_is_allowed_named(container: str) -> None:
    with pytest.raises(InvalidBlobUrl, match="lower-case letters"):
        parse_blob_url(f"{OWN}/{container}/a.pdf", HOSTS, OWN)


@pytest.mark.parametrize("container", ["incoming", "inbox", "archive-2025", "my-azure-webjobs-files"])
def test_any_other_container_of_the_own_account_is_open_to_clients(container: str) -> None:
    refuse_kept_container(parse_blob_url(f"{OWN}/{container}/a.pdf", HOSTS, OWN), KEPT)


def test_a_container_of_that_name_in_another_account_is_read_with_what_its_url_grants() -> None:
    url = "https://partner.blob.core.windows.net/archive/a.pdf?sv=1&sig=abc"
    refuse_kept_container(parse_blob_url(url, HOSTS, OWN), KEPT)
