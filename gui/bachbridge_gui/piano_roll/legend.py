"""The legend of the roll: the sign, the colour and the name of each part, on a small sheet that folds to the signs.

It is painted once, into a pixmap, since the roll under it moves in every frame.
"""

from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPixmap
from PyQt6.QtWidgets import QAbstractButton, QWidget

from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.palette import PART_STYLES, draw_shape, is_dark, part_colour
from bachbridge_gui.widgets.tokens import CAPTION_SCALE, RADIUS_PX, SPACE_S_PX, SPACE_XS_PX
from bachbridge_gui.widgets.typography import scaled_font

_SIGN_PX, _MARGIN_PX = 10, 6
_MIN_ROLL_PX = 120
"""In a lower roll it would cover the notes."""


class VoiceLegend(QAbstractButton):
    """A click, or Space, folds it to the signs and unfolds it. `fit` places it in the area that it may cover."""

    openChanged = pyqtSignal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._is_open, self._is_column = True, False
        self._shows_names = True
        self._pixmap: tuple[object, QPixmap] | None = None
        self.setFont(scaled_font(self.font(), CAPTION_SCALE))
        self.setAccessibleName(tr("Signs of the parts"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._toggle)
        self._describe()

    @property
    def is_open(self) -> bool:
        """True if the names are shown beside the signs."""
        return self._is_open

    def set_open(self, *, is_open: bool) -> None:
        """Show the names or only the signs."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._describe()
            self.openChanged.emit(is_open)

    def fit(self, left_px: int, top_px: int, width_px: int, height_px: int) -> None:
        """Take the upper left corner of this area, in a row or a column.

        Where a column would cover too much, only the signs are shown; in a low roll nothing is.
        """
        room_px = width_px - 2 * SPACE_S_PX
        self._shows_names = self._is_open
        self._is_column = self._size(is_column=False).width() > room_px
        if self._size(is_column=self._is_column).height() > height_px // 3:
            self._shows_names = self._is_column = False
        size = self.sizeHint()
        self.setGeometry(left_px + SPACE_S_PX, top_px + SPACE_S_PX, size.width(), size.height())
        self.setVisible(height_px >= _MIN_ROLL_PX and size.width() < room_px)

    def sizeHint(self) -> QSize:
        return self._size(is_column=self._is_column)

    def _toggle(self) -> None:
        self.set_open(is_open=not self._is_open)

    def _describe(self) -> None:
        names = ", ".join(f"{style.label} {style.shape_label}" for style in PART_STYLES.values())
        self.setAccessibleDescription(names)
        hint = tr("Click to hide the names.") if self._is_open else tr("Click to show the names.")
        self.setToolTip(f"{names}. {hint}")

    def _size(self, *, is_column: bool) -> QSize:
        widths = [self._item_width(voice) for voice in PART_STYLES]
        line = max(self.fontMetrics().height(), _SIGN_PX) + (SPACE_XS_PX if is_column else 0)
        if is_column and self._shows_names:
            return QSize(max(widths) + 2 * _MARGIN_PX, line * len(widths) + 2 * SPACE_XS_PX)
        gaps = (len(widths) - 1) * (SPACE_S_PX if self._shows_names else SPACE_XS_PX)
        return QSize(sum(widths) + gaps + 2 * _MARGIN_PX, max(self.fontMetrics().height(), _SIGN_PX) + 2 * SPACE_XS_PX)

    def _item_width(self, voice: int) -> int:
        if not self._shows_names:
            return _SIGN_PX
        return _SIGN_PX + SPACE_XS_PX + self.fontMetrics().horizontalAdvance(PART_STYLES[voice].label)

    # ------------------------------------------------------------ painting

    def paintEvent(self, e: QPaintEvent | None) -> None:
        key = self.palette().cacheKey(), self.devicePixelRatioF(), self.size(), self._shows_names, self.hasFocus()
        if self._pixmap is None or self._pixmap[0] != key:
            self._pixmap = key, self._paint_pixmap()
        painter = QPainter(self)
        painter.drawPixmap(QPointF(0, 0), self._pixmap[1])
        painter.end()

    def _paint_pixmap(self) -> QPixmap:
        ratio, palette = self.devicePixelRatioF(), self.palette()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        sheet = palette.color(QPalette.ColorRole.Base)
        sheet.setAlpha(232)
        painter.setBrush(sheet)
        painter.setPen(palette.color(QPalette.ColorRole.Highlight if self.hasFocus() else QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        x, y = float(_MARGIN_PX), float(SPACE_XS_PX)
        is_column = self._is_column and self._shows_names
        line = (self.height() - 2 * SPACE_XS_PX) / (len(PART_STYLES) if is_column else 1)
        for voice in PART_STYLES:
            self._paint_item(painter, voice, x, y, line)
            if is_column:
                y += line
            else:
                x += self._item_width(voice) + (SPACE_S_PX if self._shows_names else SPACE_XS_PX)
        painter.end()
        return pixmap

    def _paint_item(self, painter: QPainter, voice: int, x: float, y: float, line_px: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(part_colour(voice, dark=is_dark(self.palette())))
        area = QRectF(x, y + (line_px - _SIGN_PX) / 2, _SIGN_PX, _SIGN_PX)
        draw_shape(painter, PART_STYLES[voice].shape, area)
        if self._shows_names:
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            text_area = QRectF(x + _SIGN_PX + SPACE_XS_PX, y, self._item_width(voice), line_px)
            painter.drawText(text_area, Qt.AlignmentFlag.AlignVCenter, PART_STYLES[voice].label)

    def changeEvent(self, e: QEvent | None) -> None:
        super().changeEvent(e)
        self.update()
