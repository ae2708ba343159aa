"""Names for the ports of several BachBridges at once."""

import pytest

from bachbridge.protocol.instances import free_client_name, second_instance_text

FIRST = ("BachBridge:BachBridge In 128:0", "BachBridge:BachBridge Out 129:0")
SECOND = ("BachBridge 2:BachBridge 2 In", "BachBridge 2:BachBridge 2 Out")


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ((), "BachBridge"),
        (("Midi Through", "BachBridge Demo Out"), "BachBridge"),
        (FIRST, "BachBridge 2"),
        (FIRST[:1], "BachBridge 2"),
        (SECOND, "BachBridge"),
        ((*FIRST, *SECOND), "BachBridge 3"),
    ],
)
def test_client_name_is_the_first_that_nobody_has(listed: tuple[str, ...], name: str) -> None:
    assert free_client_name(listed) == name


@pytest.mark.parametrize("output", ["", "BachBridge Out", "DAW:out 2 Out", "BachBridge 21st Out"])
def test_only_instance_says_nothing(output: str) -> None:
    assert second_instance_text(output) == ""


def test_second_instance_names_its_ports() -> None:
    text = second_instance_text("BachBridge 2 Out")
    assert all(name in text for name in ('"BachBridge 2 In"', '"BachBridge 2 Out"', "Another BachBridge"))
