"""Several BachBridges at once: each has ports of its own name, and says that it is not the only one."""

import re
from collections.abc import Sequence

CLIENT_NAME = "BachBridge"
_LATER_PORT = re.compile(rf"{CLIENT_NAME} [2-9]\d* Out$")


def input_port_name(client: str = CLIENT_NAME) -> str:
    """Return the name of a program's input port."""
    return f"{client} In"


def output_port_name(client: str = CLIENT_NAME) -> str:
    """Return the name of a program's output port."""
    return f"{client} Out"


def free_client_name(listed_ports: Sequence[str]) -> str:
    """Return "BachBridge", or "BachBridge 2" and so on if ports of the names before are listed."""
    number, client = 1, CLIENT_NAME
    while any(own in name for own in (input_port_name(client), output_port_name(client)) for name in listed_ports):
        number += 1
        client = f"{CLIENT_NAME} {number}"
    return client


def second_instance_text(output_name: str) -> str:
    """Return the sentence for a BachBridge that runs beside another, from its output's name; "" for the only one."""
    if not _LATER_PORT.search(output_name):
        return ""
    client = output_name.removesuffix(" Out")
    return (
        f'Another BachBridge is running: this one\'s ports are "{input_port_name(client)}" and '
        f'"{output_port_name(client)}", and both use the same settings.'
    )
