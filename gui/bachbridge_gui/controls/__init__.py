"""The side panel of controls: `panel.Controls`, made from `table` by way of `control` and `editors`."""
