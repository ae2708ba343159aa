"""The look of Qt's own widgets: a style that paints them from the tokens, on top of Qt's Fusion.

A style sheet would need half a second more at the start, since Qt matches its rules with each of a thousand widgets.
A widget gets its role by `set_role` before it is shown: "primary" (the one main button of a page), "danger" (panic),
"quiet" (no outline), "segment" (one of a row), "heading" (opens a section) or "large" (used while playing).
"""

from functools import cache
from typing import Literal

from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QProxyStyle,
    QStyle,
    QStyleOption,
    QStyleOptionComboBox,
    QStyleOptionComplex,
    QStyleOptionSlider,
    QStyleOptionSpinBox,
    QStyleOptionToolButton,
    QWidget,
)

from bachbridge_gui.widgets.palette import is_dark
from bachbridge_gui.widgets.tokens import LINE_HEIGHT_PX, RADIUS_PX, TARGET_HEIGHT_PX, theme_colours

Role = Literal["primary", "danger", "quiet", "segment", "heading", "large"]
_State, _Primitive, _Complex, _Sub = (
    QStyle.StateFlag,
    QStyle.PrimitiveElement,
    QStyle.ComplexControl,
    QStyle.SubControl,
)
_Contents = QStyle.ContentsType
_LINE_HIGH = {
    _Contents.CT_PushButton,
    _Contents.CT_ToolButton,
    _Contents.CT_ComboBox,
    _Contents.CT_SpinBox,
    _Contents.CT_LineEdit,
}
"""Kinds of widgets that have at least the height of a line of controls."""
_FIELD_PANELS = {_Primitive.PE_PanelLineEdit, _Primitive.PE_FrameLineEdit}
_ICON_PADDING_PX = 6
"""Space at the left and right of an icon with a word."""
_ACCENT_PX = 6
"""Room above the words on a tab: without it the dots of an "Ü" are cut off."""
_BUTTON_LABELS = {QStyle.ControlElement.CE_PushButtonLabel, QStyle.ControlElement.CE_ToolButtonLabel}
_BUTTON_PANELS = {_Primitive.PE_PanelButtonCommand, _Primitive.PE_PanelButtonTool}


def set_role(widget: QWidget, role: Role) -> None:
    """Give the widget a role, which decides how it is painted."""
    widget.setProperty("role", role)
    if role == "large":
        widget.setMinimumHeight(TARGET_HEIGHT_PX)


@cache
def theme_colour(token: str, *, dark: bool) -> QColor:
    """Return the colour of a token of `tokens.ThemeColours`."""
    return QColor(getattr(theme_colours(dark=dark), token))


def colour_for(palette: QPalette, token: str) -> QColor:
    """Return the colour of a token in the theme that the palette belongs to."""
    return theme_colour(token, dark=is_dark(palette))


class DesignStyle(QProxyStyle):
    """Fusion's measures with our colours, outlines and focus ring."""

    def __init__(self) -> None:
        super().__init__("fusion")

    # ------------------------------------------------------------ what Qt calls

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        if option is None or painter is None:
            return
        if element in _BUTTON_PANELS:
            _paint_button(painter, option, widget)
        elif element in _FIELD_PANELS:
            if not isinstance(widget.parentWidget() if widget else None, QComboBox | QAbstractSpinBox):
                _paint_field(painter, option, option.rect)
        elif element == _Primitive.PE_IndicatorCheckBox:
            _paint_check_box(painter, option)
        elif element == _Primitive.PE_FrameFocusRect:
            if not isinstance(widget, QAbstractItemView):
                _paint_focus_ring(painter, option)
        else:
            super().drawPrimitive(element, option, painter, widget)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        if option is None or painter is None:
            return
        match option:
            case QStyleOptionComboBox() if not option.editable:
                _paint_button(painter, option, widget)
                area = self.subControlRect(control, option, _Sub.SC_ComboBoxArrow, widget)
                _paint_chevron(painter, option, QRectF(area).center(), 4.0)
            case QStyleOptionSpinBox():
                self._paint_spin_box(option, painter, widget)
            case QStyleOptionSlider() if control == _Complex.CC_Slider:
                self._paint_slider(option, painter, widget)
            case QStyleOptionSlider() if control == _Complex.CC_ScrollBar:
                handle = self.subControlRect(control, option, _Sub.SC_ScrollBarSlider, widget)
                _paint_scroll_bar(painter, option, handle)
            case _:
                super().drawComplexControl(control, option, painter, widget)

    def drawControl(
        self,
        element: QStyle.ControlElement,
        option: QStyleOption | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        if option is not None and element in _BUTTON_LABELS and option.state & _State.State_Enabled:
            role = str(widget.property("role") or "") if widget else ""
            palette = QPalette(option.palette)
            palette.setColor(QPalette.ColorRole.ButtonText, colour_for(option.palette, _button_text(option, role)))
            option.palette = palette
        if isinstance(option, QStyleOptionToolButton) and _has_word_beside_icon(option):
            option.rect = option.rect.adjusted(_ICON_PADDING_PX, 0, 0, 0)
        super().drawControl(element, option, painter, widget)

    def sizeFromContents(
        self, type: QStyle.ContentsType, option: QStyleOption | None, size: QSize, widget: QWidget | None = None
    ) -> QSize:
        needed = super().sizeFromContents(type, option, size, widget)
        if type in _LINE_HIGH:
            large = widget is not None and widget.property("role") == "large"
            needed.setHeight(max(needed.height(), TARGET_HEIGHT_PX if large else LINE_HEIGHT_PX))
        if type == _Contents.CT_TabBarTab:
            needed.setHeight(needed.height() + _ACCENT_PX)
        if isinstance(option, QStyleOptionToolButton) and _has_word_beside_icon(option):
            needed.setWidth(needed.width() + 2 * _ICON_PADDING_PX)
        return needed

    # ------------------------------------------------------------ complex controls

    def _paint_spin_box(self, option: QStyleOptionSpinBox, painter: QPainter, widget: QWidget | None) -> None:
        if option.frame:
            _paint_field(painter, option, option.rect)
        for part, direction in ((_Sub.SC_SpinBoxUp, -1), (_Sub.SC_SpinBoxDown, 1)):
            if option.subControls & part and option.state & _State.State_Enabled:
                area = QRectF(self.subControlRect(_Complex.CC_SpinBox, option, part, widget))
                over = option.state & _State.State_MouseOver and option.activeSubControls & part
                if over:
                    painter.fillRect(area, colour_for(option.palette, "hover"))
                _paint_chevron(painter, option, area.center(), 3.0, direction)

    def _paint_slider(self, option: QStyleOptionSlider, painter: QPainter, widget: QWidget | None) -> None:
        """Paint a groove that is filled up to the handle."""
        large = widget is not None and widget.property("role") == "large"
        enabled, focus = option.state & _State.State_Enabled, option.state & _State.State_HasFocus
        handle = QRectF(self.subControlRect(_Complex.CC_Slider, option, _Sub.SC_SliderHandle, widget))
        middle, thickness, radius = handle.center(), 8.0 if large else 4.0, 11.0 if large else 8.0
        accent = colour_for(option.palette, "accent" if enabled else "disabled")
        groove = QRectF(option.rect)
        groove.setTop(middle.y() - thickness / 2)
        groove.setHeight(thickness)
        filled = QRectF(groove)
        filled.setRight(middle.x())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for area, colour in ((groove, colour_for(option.palette, "outline" if enabled else "line")), (filled, accent)):
            painter.setBrush(colour)
            painter.drawRoundedRect(area, thickness / 2, thickness / 2)
        painter.setBrush(accent)
        painter.setPen(QPen(colour_for(option.palette, "text" if focus else "ground"), 2))
        inside = min(max(middle.x(), option.rect.left() + radius), option.rect.right() + 1 - radius)
        painter.drawEllipse(QPointF(inside, middle.y()), radius, radius)
        painter.restore()


# ---------------------------------------------------------------- pieces


def _paint_button(painter: QPainter, option: QStyleOption, widget: QWidget | None) -> None:
    role = str(widget.property("role") or "") if widget else ""
    fill, outline, width = _button_look(option, role)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour_for(option.palette, fill) if fill else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour_for(option.palette, outline), width) if outline else Qt.PenStyle.NoPen)
    inset = width / 2
    painter.drawRoundedRect(QRectF(option.rect).adjusted(inset, inset, -inset, -inset), RADIUS_PX, RADIUS_PX)
    painter.restore()


def _button_look(option: QStyleOption, role: str) -> tuple[str, str, float]:
    """Return the tokens of the fill and of the outline (empty: none), and the outline's width."""
    state = option.state
    focus = bool(state & _State.State_HasFocus and state & _State.State_KeyboardFocusChange)
    pressed = bool(state & _State.State_Sunken)
    over = bool(state & _State.State_MouseOver)
    ring = 2.0 if focus else 1.0
    bare = role in ("quiet", "segment", "heading")
    if not state & _State.State_Enabled:
        return "", "" if bare else "line", 1.0
    if role == "danger":
        return "danger_pressed" if pressed or over else "danger", "text" if focus else "", ring
    if role == "primary" or (state & _State.State_On and role not in ("quiet", "heading")):
        return "accent_hover" if over or pressed else "accent", "text" if focus else "", ring
    fill = "line" if pressed else "hover" if over else "" if bare else "raised"
    if state & _State.State_On and role != "heading":
        return fill or "raised", "text" if focus else "accent", ring
    return fill, "accent" if focus else "" if bare else "outline", ring


def _has_word_beside_icon(option: QStyleOptionToolButton) -> bool:
    return option.toolButtonStyle == Qt.ToolButtonStyle.ToolButtonTextBesideIcon and bool(option.text)


def _button_text(option: QStyleOption, role: str) -> str:
    """Return the token of the text on a button."""
    if role == "danger":
        return "on_danger"
    if role == "primary":
        return "on_accent"
    if option.state & _State.State_On and role != "heading":
        return "accent" if role == "quiet" else "on_accent"
    return "text"


def _paint_field(painter: QPainter, option: QStyleOption, rect: QRect) -> None:
    """Paint the sunken ground and the outline of a field that is typed into."""
    enabled, focus = option.state & _State.State_Enabled, option.state & _State.State_HasFocus
    width = 2.0 if focus else 1.0
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour_for(option.palette, "sunken") if enabled else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour_for(option.palette, "accent" if focus else "outline" if enabled else "line"), width))
    painter.drawRoundedRect(QRectF(rect).adjusted(width / 2, width / 2, -width / 2, -width / 2), RADIUS_PX, RADIUS_PX)
    painter.restore()


def _paint_check_box(painter: QPainter, option: QStyleOption) -> None:
    enabled, checked = option.state & _State.State_Enabled, option.state & _State.State_On
    area = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill = ("accent" if enabled else "disabled") if checked else "sunken"
    outline = fill if checked else "outline" if enabled else "line"
    painter.setBrush(colour_for(option.palette, fill))
    painter.setPen(QPen(colour_for(option.palette, outline), 1))
    painter.drawRoundedRect(area, 4, 4)
    if checked:
        x, y, size = area.left(), area.top(), area.width()
        tick = [
            (x + size * 0.22, y + size * 0.52),
            (x + size * 0.43, y + size * 0.72),
            (x + size * 0.78, y + size * 0.3),
        ]
        painter.setPen(_line_pen(colour_for(option.palette, "on_accent"), 2))
        painter.drawPolyline(QPolygonF([QPointF(*point) for point in tick]))
    painter.restore()


def _paint_focus_ring(painter: QPainter, option: QStyleOption) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour_for(option.palette, "accent"), 2))
    painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), 4, 4)
    painter.restore()


def _paint_chevron(
    painter: QPainter, option: QStyleOption, middle: QPointF, half_width: float, direction: int = 1
) -> None:
    """Paint an arrow that points down, or up if `direction` is -1."""
    enabled = option.state & _State.State_Enabled
    depth = half_width * 0.5 * direction
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(_line_pen(colour_for(option.palette, "muted" if enabled else "line"), 1.6))
    points = [QPointF(-half_width, -depth), QPointF(0, depth), QPointF(half_width, -depth)]
    painter.drawPolyline(QPolygonF([middle + point for point in points]))
    painter.restore()


def _paint_scroll_bar(painter: QPainter, option: QStyleOptionSlider, handle: QRect) -> None:
    painter.fillRect(option.rect, colour_for(option.palette, "ground"))
    if option.maximum <= option.minimum:
        return
    upright = option.orientation == Qt.Orientation.Vertical
    area = QRectF(handle)
    spare = max(0.0, (area.width() if upright else area.height()) - 6) / 2
    area.adjust(spare if upright else 1, 1 if upright else spare, -spare if upright else -1, -1 if upright else -spare)
    over = option.state & _State.State_MouseOver or option.state & _State.State_Sunken
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour_for(option.palette, "muted" if over else "outline"))
    painter.drawRoundedRect(area, 3, 3)
    painter.restore()


def _line_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
