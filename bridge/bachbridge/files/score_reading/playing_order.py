"""The order in which the measures of a score are played: repeats with their endings, da capo and dal segno."""

from collections.abc import Sequence

from bachbridge.files.score_reading.measures import Measure

MAX_PLAYED_MEASURES = 10_000


def playing_order(parts: Sequence[Sequence[Measure]]) -> list[int]:
    """Return the indices of the measures as they are played; the signs may stand in any of the parts."""
    count = max(map(len, parts), default=0)
    rows = [[part[index] for part in parts if index < len(part)] for index in range(count)]
    signs = [_merge(row) for row in rows]
    endings = _open_endings(signs)
    order = _with_repeats(signs, endings, 0, is_last_time=False)
    jump = next((place for place, index in enumerate(order) if signs[index].jumps & {"dacapo", "dalsegno"}), None)
    if jump is None:
        return order[:MAX_PLAYED_MEASURES]
    return (order[: jump + 1] + _after_jump(signs, endings, order[jump]))[:MAX_PLAYED_MEASURES]


def _merge(row: Sequence[Measure]) -> Measure:
    """Return one measure with the signs of all parts."""
    return Measure(
        row[0].meter,
        repeat_begins=any(measure.repeat_begins for measure in row),
        repeat_ends=max(measure.repeat_ends for measure in row),
        endings=next((measure.endings for measure in row if measure.endings), ()),
        ends_ending=any(measure.ends_ending for measure in row),
        jumps={word for measure in row for word in measure.jumps},
    )


def _open_endings(signs: Sequence[Measure]) -> list[tuple[int, ...]]:
    """Return the numbers of the ending that each measure belongs to; none outside of endings."""
    found: list[tuple[int, ...]] = []
    open_ending: tuple[int, ...] = ()
    for sign in signs:
        open_ending = sign.endings or open_ending
        found.append(open_ending)
        if sign.ends_ending or sign.repeat_ends:
            open_ending = ()
    return found


def _with_repeats(
    signs: Sequence[Measure], endings: Sequence[tuple[int, ...]], begin: int, *, is_last_time: bool
) -> list[int]:
    """Return the measures from `begin` on with their repeats, or (`is_last_time`) with the last endings alone."""
    order: list[int] = []
    index = start = begin
    number = 1
    while index < len(signs) and len(order) < MAX_PLAYED_MEASURES:
        sign = signs[index]
        last = _last_number(signs, endings, start)
        if index > start and not endings[index] and endings[index - 1] and (number > 1 or is_last_time):
            start, number = index, 1
            last = _last_number(signs, endings, start)
        if sign.repeat_begins and index != start:
            start, number = index, 1
            last = _last_number(signs, endings, start)
        if endings[index] and (last if is_last_time else number) not in endings[index]:
            index += 1
            continue
        order.append(index)
        if sign.repeat_ends and not is_last_time:
            if number < max(sign.repeat_ends if not endings[index] else 0, last):
                index, number = start, number + 1
                continue
            start, number = index + 1, 1 if not endings[index] else number
        index += 1
    return order


def _last_number(signs: Sequence[Measure], endings: Sequence[tuple[int, ...]], start: int) -> int:
    """Return the highest number among the endings of the section that begins at `start`; 0 if it has none."""
    highest = 0
    for index in range(start, len(signs)):
        if highest and not endings[index]:
            break
        if index > start and signs[index].repeat_begins:
            break
        highest = max([highest, *endings[index]])
        if signs[index].repeat_ends and not endings[index]:
            break
    return highest


def _after_jump(signs: Sequence[Measure], endings: Sequence[tuple[int, ...]], jump: int) -> list[int]:
    """Return what is played after the measure of a da capo or dal segno: no repeats, up to the fine or by the coda."""
    begin = 0
    if "dalsegno" in signs[jump].jumps:
        begin = next((index for index, sign in enumerate(signs) if "segno" in sign.jumps), 0)
    order: list[int] = []
    for index in _with_repeats(signs, endings, begin, is_last_time=True):
        if index > jump:
            break
        order.append(index)
        if "fine" in signs[index].jumps:
            return order
        if "tocoda" in signs[index].jumps:
            coda = next((later for later in range(index + 1, len(signs)) if "coda" in signs[later].jumps), None)
            if coda is not None:
                return order + _with_repeats(signs, endings, coda, is_last_time=True)
    return order
