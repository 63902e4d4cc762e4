"""spec/cli.md 4.6: the inventory for Ansible."""

import shlex

import pytest
import yaml

from limavm.ssh.inventory import inventory_text


def test_the_instance_is_in_the_group_lima_and_is_reached_by_its_ssh_config() -> None:
    found = yaml.safe_load(inventory_text("dev", "lima-dev", "/h/dev/ssh.config"))

    assert found == {
        "lima": {
            "hosts": {
                "dev": {
                    "ansible_connection": "ssh",
                    "ansible_host": "lima-dev",
                    "ansible_ssh_common_args": "-F /h/dev/ssh.config",
                }
            }
        }
    }


@pytest.mark.parametrize("name", ["1", "1.5", "true", "null", "no", "a-b", "0x1"])
def test_every_name_stays_a_text(name: str) -> None:
    assert list(yaml.safe_load(inventory_text(name, f"lima-{name}", "/c"))["lima"]["hosts"]) == [name]


def test_every_path_stays_one_word() -> None:
    path = '/a b/it\'s "q": #x/ü/ssh.config'

    host = yaml.safe_load(inventory_text("dev", "lima-dev", path))["lima"]["hosts"]["dev"]

    assert shlex.split(host["ansible_ssh_common_args"]) == ["-F", path]
