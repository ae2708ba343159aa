"""One control: a label, an editor and the badge of its MIDI controller, tied to the store by its target.

The editor always shows the store's value, also after a value was refused. A control that has no effect now is disabled;
its tooltip then gives the reason instead of the effect.
"""

from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QAction, QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QBoxLayout, QLabel, QMenu, QSizePolicy, QVBoxLayout, QWidget

from bachbridge.protocol.field_types import SettingValue
from bachbridge.settings import Settings
from bachbridge_gui.controls.editors import Editor, make_editor
from bachbridge_gui.controls.specs import ControlSpec, suffix_for, translated_spec
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.settings.store import COMMANDS, SettingsStore
from bachbridge_gui.settings.targets import setting_change, setting_of, value_of
from bachbridge_gui.translation import tr, tr_in
from bachbridge_gui.widgets.segments import SegmentButton
from bachbridge_gui.widgets.tokens import LINE_HEIGHT_PX, TARGET_HEIGHT_PX
from bachbridge_gui.widgets.typography import caption_label

_DEFAULTS = Settings()
DOT_RADIUS_PX = 2.0
INSET_PX = 4
"""The space around a control for its outline in learn mode."""


def label_column_px(widget: QWidget) -> int:
    """Return the width of the column of labels in the widget's font."""
    return widget.fontMetrics().horizontalAdvance(tr_in("the longest label in the column", "Common tones")) + INSET_PX


def control_height_px(widget: QWidget) -> int:
    """Return the height of a line of controls in the widget's font."""
    return max(LINE_HEIGHT_PX, widget.fontMetrics().height() + 10)


class Control(QWidget):
    """The spec's label stands before the editor if `show_label`; otherwise it is only the accessible name."""

    def __init__(
        self,
        store: SettingsStore,
        learner: MidiLearn,
        spec: ControlSpec,
        *,
        show_label: bool = True,
        editor: Editor | None = None,
        large: bool = False,
    ) -> None:
        super().__init__()
        self.spec = spec = translated_spec(spec)
        self.editor = editor or make_editor(spec)
        self._store, self._learner, self._disabled_reason = store, learner, ""
        self._height_px = TARGET_HEIGHT_PX if large or spec.large else control_height_px(self)
        self._is_changed = False
        self.label, self.badge = QLabel(spec.label), caption_label("")
        self.badge.setMargin(0)
        self._lay_out(show_label=show_label)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.learn_overlay = LearnOverlay(self, spec.target, learner)
        self.editor.moved.connect(self._on_editor_moved)
        store.changed.connect(self._on_setting_changed)
        learner.changed.connect(self._refresh_badge)
        self._on_setting_changed(setting_of(spec.target))
        self._refresh_badge()

    def _lay_out(self, *, show_label: bool) -> None:
        across = QBoxLayout.Direction.LeftToRight if show_label else QBoxLayout.Direction.TopToBottom
        line = QBoxLayout(across, self)
        line.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        line.setSpacing(8 if show_label else 0)
        if not show_label:
            line.addWidget(self.editor)
            line.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignHCenter)
            return
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.label)
        names.addWidget(self.badge)
        names.addStretch()
        self.label.setFixedWidth(label_column_px(self))
        self.label.setFixedHeight(self._height_px)
        line.addLayout(names)
        line.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignTop)

    # ------------------------------------------------------------ the store

    def _on_editor_moved(self, value: SettingValue) -> None:
        target = self.spec.target
        if target in COMMANDS:
            self._store.give_command(target)
        else:
            self._store.set(*setting_change(self._store.settings, target, value))
            self._on_setting_changed(setting_of(target))  # after a refusal the editor shows the old value

    def _on_setting_changed(self, name: str) -> None:
        if name == setting_of(self.spec.target) and name not in COMMANDS:
            value = value_of(self._store.settings, self.spec.target)
            self.editor.show_value(value)
            if (changed := value != self._default) != self._is_changed:
                self._is_changed = changed
                self._refresh_descriptions()
                self.update()

    # ------------------------------------------------------------ the default

    @property
    def _default(self) -> SettingValue:
        return value_of(_DEFAULTS, self.spec.target)

    @property
    def is_changed(self) -> bool:
        """True if the value differs from the default: a dot marks the control."""
        return self._is_changed

    def reset_value(self) -> None:
        """Set the default."""
        if self._is_changed:
            self._on_editor_moved(self._default)

    def _default_text(self) -> str:
        value = self._default
        if isinstance(value, bool):
            return tr("on") if value else tr("off")
        if label := self.spec.choice_labels.get(str(value)):
            return label
        if self.spec.minimum_label and value == self.spec.range[0]:
            return self.spec.minimum_label
        return f"{value:g}{suffix_for(self.spec, value)}" if isinstance(value, float | int) else str(value)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        if self._is_changed:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Accent))
            painter.drawEllipse(QPointF(DOT_RADIUS_PX, self._height_px / 2), DOT_RADIUS_PX, DOT_RADIUS_PX)

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:
        """Reset the value where the label is clicked twice."""
        if a0 is not None and a0.position().x() < self.editor.x():
            self.reset_value()

    # ------------------------------------------------------------ availability

    @property
    def disabled_reason(self) -> str:
        return self._disabled_reason

    def set_disabled_reason(self, reason: str) -> None:
        """Disable the control for this reason, or enable it if the reason is empty."""
        if reason == self._disabled_reason:
            return
        self._disabled_reason = reason
        self.editor.setEnabled(not reason)
        self.label.setEnabled(not reason)
        self._refresh_descriptions()

    def _refresh_descriptions(self) -> None:
        badge = self._learner.badge(self.spec.target)
        tip = self._disabled_reason or self.spec.tooltip
        whole = f"{tip} {tr('Controlled by {badge}.', badge=badge)}" if badge else tip
        if self._is_changed:
            whole += " " + tr("Changed: it was {value} at first.", value=self._default_text())
        name = self.spec.label[0].upper() + self.spec.label[1:]
        for part in (self, *self.editor.findChildren(QWidget)):
            segment = part.text() if isinstance(part, SegmentButton) else ""
            part.setToolTip(whole)
            part.setAccessibleName(f"{name}: {segment}" if segment else name)
            part.setAccessibleDescription(self._disabled_reason)
        self.label.setToolTip(whole)

    # ------------------------------------------------------------ learning

    def _refresh_badge(self) -> None:
        badge = self._learner.badge(self.spec.target)
        self.badge.setText(badge)
        self.badge.setVisible(bool(badge))
        self._refresh_descriptions()

    def make_menu(self) -> QMenu:
        """Return the context menu: learn a MIDI controller, forget it, reset the value."""
        menu, target, badge = QMenu(self), self.spec.target, self._learner.badge(self.spec.target)
        learn, forget = (
            QAction(tr("Learn a knob …"), menu),
            QAction(tr("Forget {badge}", badge=badge) if badge else tr("Forget"), menu),
        )
        learn.triggered.connect(self._start_learning)
        forget.triggered.connect(lambda: self._learner.unbind(target))
        forget.setEnabled(bool(badge))
        menu.addActions([learn, forget])
        if target not in COMMANDS:
            reset = QAction(tr("Reset to {value}", value=self._default_text()), menu)
            reset.triggered.connect(self.reset_value)
            reset.setEnabled(self._is_changed and not self._disabled_reason)
            menu.addSeparator()
            menu.addAction(reset)
        return menu

    def _start_learning(self) -> None:
        self._learner.set_active(active=True)
        self._learner.arm(self.spec.target)
        self.learn_overlay.setFocus()

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:
        menu = self.make_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(a0.globalPos() if a0 else self.mapToGlobal(QPoint(0, self.height())))
