"""`bachbridge doctor`: checks of the machine and of the installation, with advice."""
