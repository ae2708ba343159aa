"""What all tests share: how hard the property tests look. `make soak` takes the profile of that name."""

from hypothesis import settings

settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=5000, deadline=None)
settings.load_profile("default")
