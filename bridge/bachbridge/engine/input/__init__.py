"""The input stage: which of the player's notes count, as what, and how loud, before a mode handles them."""
