"""The large views and the bars of the window: score, monitor, top bar, status bar and compact bar."""
