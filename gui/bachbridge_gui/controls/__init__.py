"""The side panel: `panel.ControlPanel` builds controls with their editors from the table in `specs`."""
