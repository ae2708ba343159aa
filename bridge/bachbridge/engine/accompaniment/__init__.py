"""Live harmony: three voices that accompany the player's melody."""
