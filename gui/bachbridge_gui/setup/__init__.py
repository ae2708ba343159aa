"""First steps: the welcome page, the page "Connect my DAW", the port picker, and a check for missing libraries."""
