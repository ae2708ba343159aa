"""The models to choose from: their names, what the chosen one can do, and its state."""

from PyQt6.QtCore import Qt

from bachbridge_gui.controls.editors import Dropdown
from bachbridge_gui.controls.model_picker import ModelChoice, choice_from_card
from tests.gui.controls.panel_rig import PanelRig, shown_value


def test_panel_shows_model_state(rig: PanelRig) -> None:
    rig.panel.set_model_state(ready=False, problem="The model is starting again.")
    assert not rig.control("temperature").editor.isEnabled()
    assert rig.panel.model.description_label.text() == "The model is starting again."
    assert rig.control("model").editor.isEnabled()
    rig.panel.set_model_state(ready=True)
    assert rig.control("temperature").editor.isEnabled()
    assert rig.panel.model.description_label.text() == "Sings."


def test_panel_describes_chosen_model(rig: PanelRig) -> None:
    rig.store.set("model", "other")
    assert rig.panel.model.description_label.text() == "Hums."
    rig.store.set("model", "gone")
    assert "not installed" in rig.panel.model.description_label.text()
    assert shown_value(rig.control("model")) == "gone"
    facts = {"tasks": ["continue", "harmonize"], "data": "Bach's chorales"}
    assert choice_from_card("x", facts).description == "Continues and harmonizes. Trained on Bach's chorales."
    assert choice_from_card("x", {}).description == ""
    assert choice_from_card("x", {"tasks": ["continue", "mend", "vary"]}).description == "Continues, mends and varies."
    assert choice_from_card("x", facts).tasks == ("continue", "harmonize")


def test_models_are_listed_by_names_for_people(rig: PanelRig) -> None:
    card = {"tasks": ["continue"]}
    titled = card | {"title": "My\nmodel", "summary": "Plays <b>waltzes</b>."}
    cards = {"chorale-lstm": card, "mine": titled, "plain": card}
    rig.panel.set_models([choice_from_card(name, card) for name, card in cards.items()])
    box = rig.panel.model.dropdown.box
    assert [box.itemText(row) for row in range(box.count())] == ["Chorale", "My model", "plain"]
    assert [box.itemData(row, Qt.ItemDataRole.ToolTipRole) for row in range(box.count())] == list(cards)
    rig.store.set("model", "mine")
    assert rig.panel.model.description_label.text() == "Plays <b>waltzes</b>."
    assert box.currentText() == "My model"


def test_listen_button_plays_the_example(rig: PanelRig) -> None:
    rig.panel.model.listen_button.click()
    assert rig.commands == ["example"]


def offered_answers(rig: PanelRig) -> list[str]:
    editor = rig.control("answer").editor
    assert isinstance(editor, Dropdown)
    return [editor.box.itemData(index) for index in range(editor.box.count())]


def test_answers_are_those_of_the_model(rig: PanelRig) -> None:
    choices = [ModelChoice("chorale-lstm", "", ("continue", "harmonize")), ModelChoice("other", "", ("continue",))]
    rig.panel.set_models([*choices, ModelChoice("third", "")])
    assert offered_answers(rig) == ["continue", "harmonize", "dream"]
    rig.store.set("model", "third")
    assert offered_answers(rig) == ["continue", "harmonize", "vary", "dream"]
    rig.store.set("answer", "vary")
    rig.store.set("model", "other")
    assert offered_answers(rig) == ["continue", "vary", "dream"], "what is set stays in sight"
    assert rig.control("answer").disabled_reason == "", "or it could not be changed"
    rig.store.set("answer", "continue")
    assert offered_answers(rig) == ["continue", "dream"]
    assert rig.control("answer_bars").disabled_reason == ""
    rig.store.set("answer", "dream")
    assert rig.control("answer_bars").disabled_reason == ""
