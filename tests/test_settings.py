"""Settings come from the environment, all errors at once."""

import pytest

from gateway.errors import UsageError
from gateway.settings import data_folder, load


def test_settings_have_defaults() -> None:
    assert load({}).max_limit == 10_000


def test_a_setting_is_read_from_its_variable() -> None:
    settings = load({"GATEWAY_BASE_URL": "https://twin.example.org/", "GATEWAY_ALLOWED_HOSTS": "a.org, b.org", "HOME": "/"})
    assert settings.base_url == "https://twin.example.org"
    assert settings.allowed_hosts == ("a.org", "b.org")


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        load({"GATEWAY_PROT": "1", "GATEWAY_MAX_LIMIT": "many"})
    assert "GATEWAY_PROT" in str(caught.value)
    assert "GATEWAY_MAX_LIMIT" in str(caught.value)


def test_the_shipped_folders_are_found() -> None:
    assert (data_folder("profiles")).is_dir()
