from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytest_django import Settings

from responses import sealing
from responses.management import demo_run
from responses.models import IntakeKey, Integration, User
from tests import factories


@pytest.fixture(autouse=True)
def _data_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.django_db
def test_every_host_of_the_demo_is_the_sandbox() -> None:
    user, key = demo_run.prepare("127.0.0.1:9100")

    integration = Integration.objects.get()
    assert set(integration.base_urls.values()) == {"http://127.0.0.1:9100"}
    assert sealing.unseal(bytes(integration.api_key_sealed or b"")) == b"sandbox-key"
    assert user.is_superuser
    assert not user.has_usable_password()
    assert key.startswith("ogm_")


@pytest.mark.django_db
def test_the_demo_shows_the_monitor_sending_again() -> None:
    demo_run.prepare("127.0.0.1:9100")

    integration = Integration.objects.get()
    assert integration.retry_by == Integration.Retry.MONITOR
    assert integration.has_credentials
    assert IntakeKey.objects.get(integration=integration).may_retry


@pytest.mark.django_db
def test_a_key_of_an_older_demo_is_replaced_by_one_that_may_retry() -> None:
    _, first = demo_run.prepare("127.0.0.1:9100")
    IntakeKey.objects.update(may_retry=False)

    _, second = demo_run.prepare("127.0.0.1:9100")

    assert second != first
    assert IntakeKey.objects.latest("pk").may_retry


@pytest.mark.django_db
def test_a_second_start_keeps_the_key_and_follows_the_sandbox_to_its_new_port() -> None:
    first_user, first_key = demo_run.prepare("127.0.0.1:9100")
    second_user, second_key = demo_run.prepare("127.0.0.1:9999")

    assert (first_user, first_key) == (second_user, second_key)
    assert set(Integration.objects.get().base_urls.values()) == {"http://127.0.0.1:9999"}
    assert (User.objects.count(), IntakeKey.objects.count()) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("kept", ["", "nonsense", "ogm_aaaaaaaaaaaa_" + "0" * 64])
def test_a_key_that_no_longer_works_is_replaced(tmp_path: Path, kept: str) -> None:
    demo_run.prepare("127.0.0.1:9100")
    (tmp_path / "secrets" / "demo_shop_key").write_text(kept)

    _, key = demo_run.prepare("127.0.0.1:9100")

    assert key != kept
    assert (tmp_path / "secrets" / "demo_shop_key").read_text().strip() == key
    assert (tmp_path / "secrets" / "demo_shop_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_real_data_is_refused_and_left_alone() -> None:
    real = factories.make_integration("real-shop")

    with pytest.raises(demo_run.RealData):
        demo_run.prepare("127.0.0.1:9100")

    assert list(Integration.objects.all()) == [real]
    assert not User.objects.exists()


def test_the_sandbox_moves_when_its_port_is_taken() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind((demo_run.SANDBOX_HOST, demo_run.SANDBOX_PORT))
            other.listen()
        except OSError:
            pass  # somebody else has it: all the better

        host, _, port = demo_run.sandbox_address().partition(":")

    assert host == "127.0.0.1"
    assert int(port) not in (0, demo_run.SANDBOX_PORT)
