"""A picture of the display of an instance, for `limactl screenshot`."""

from limavm.hostagent.client import screenshot as ask_screenshot
from limavm.instance.running import agent_socket


def screenshot(name: str, kind: str) -> bytes:
    """The picture as a file of the format `kind`, png or bmp.

    Raises UserError when the instance does not run, or has no display.
    """
    return ask_screenshot(agent_socket(name), kind)
