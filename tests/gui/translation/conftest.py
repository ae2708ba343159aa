from collections.abc import Iterator

import pytest

from bachbridge_gui.translation import use_language


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use_language("en")
