"""What all tests share: how hard the property tests look. `make soak` takes the profile of that name.

Only `make soak` shrinks a case that fails: for a long random dialogue that takes longer than a test may.
"""

from hypothesis import Phase, settings

settings.register_profile("default", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
settings.register_profile("soak", max_examples=5000, deadline=None)
settings.load_profile("default")
