"""The order in which the measures of a score are played: repeats with their endings, da capo and dal segno."""

from collections import Counter
from collections.abc import Sequence

from bachbridge.files.score_reading.measures import Measure
from bachbridge.files.score_reading.xml_stream import ScoreError

MAX_PLAYED_MEASURES, MAX_PLAYED_NOTES = 10_000, 100_000


def playing_order(parts: Sequence[Sequence[Measure]]) -> list[int]:
    """Return the indices of the measures as they are played; the signs may stand in any of the parts.

    Raises `ScoreError` for more than any piece has.
    """
    count = max(map(len, parts), default=0)
    if count > MAX_PLAYED_MEASURES:
        raise ScoreError(f"has over {MAX_PLAYED_MEASURES} measures: split it into shorter files.")
    rows = [[part[index] for part in parts if index < len(part)] for index in range(count)]
    signs = [_merge(row) for row in rows]
    endings = _open_endings(signs)
    order = _with_repeats(signs, endings, 0, is_last_time=False)
    _check_count(order)
    jump = next((place for place, index in enumerate(order) if signs[index].jumps & {"dacapo", "dalsegno"}), None)
    if jump is None:
        return order
    order = order[: jump + 1] + _after_jump(signs, endings, order[jump])
    _check_count(order)
    return order


def _check_count(order: Sequence[int]) -> None:
    if len(order) > MAX_PLAYED_MEASURES:
        raise ScoreError(f"has over {MAX_PLAYED_MEASURES} measures as it is played: split it into shorter files.")


def check_played(parts: Sequence[Sequence[Measure]], order: Sequence[int]) -> None:
    """Raise `ScoreError` if the measures in this order have more notes, signs and tempos than any piece has."""
    times = Counter(order)
    sizes = (
        (index, len(measure.notes) + len(measure.signs) + len(measure.tempos))
        for part in parts
        for index, measure in enumerate(part)
    )
    if sum(times[index] * size for index, size in sizes) > MAX_PLAYED_NOTES:
        raise ScoreError(f"has over {MAX_PLAYED_NOTES:,} notes as it is played: split it into shorter files.")


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
    last_numbers = _last_numbers(signs, endings)
    index = start = begin
    number = 1
    while index < len(signs) and len(order) <= MAX_PLAYED_MEASURES:
        sign = signs[index]
        if index > start and not endings[index] and endings[index - 1] and (number > 1 or is_last_time):
            start, number = index, 1
        if sign.repeat_begins and index != start:
            start, number = index, 1
        last = last_numbers[start]
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


def _last_numbers(signs: Sequence[Measure], endings: Sequence[tuple[int, ...]]) -> list[int]:
    """Return the highest number among the endings of the section that begins at each measure; 0 if it has none.

    The last one is for a section that begins after the last measure.
    """
    found = [0] * (len(signs) + 1)
    later = in_endings = 0
    """The highest number from the next measure on: before the endings of a section, and among them."""
    for index in range(len(signs) - 1, -1, -1):
        sign, highest = signs[index], max(endings[index], default=0)
        if highest:
            found[index] = in_endings = max(highest, in_endings)
            later = found[index]
        else:
            found[index] = 0 if sign.repeat_ends else later
            later, in_endings = found[index], 0
        if sign.repeat_begins:
            later = in_endings = 0
    return found


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
