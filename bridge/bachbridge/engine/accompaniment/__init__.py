"""Live harmony: three voices under the player's melody."""
