"""One provider as a tile that is read from afar, and how many tiles of which size a screen has room for."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from rich.cells import cell_len

from wedtui.core.picture import ProviderPicture
from wedtui.core.state import State, badness, glyph
from wedtui.tui.board import Board
from wedtui.tui.draw.providers import why
from wedtui.tui.spans import Line, Role, Span, clean, fit, wrap
from wedtui.tui.wall.blocks import beside, block, centred, filled, score_words, tile_look, within
from wedtui.tui.wall.letters import FACES, SMALLEST, Face, big, drawable, largest

GAP_ACROSS, GAP_DOWN = 2, 1
_WORDS = tuple(State)
# Cells beside, and lines under, the large word that a tile needs for what stands there in normal letters.
_LEAST_BESIDE, _LEAST_UNDER = 24, 2
# Lines that it needs where the name is to be large.
_LEAST_NAMED = SMALLEST.rows + 4
_PAD, _BETWEEN = 1, 2
LEAST_WIDTH = max(SMALLEST.width(word) for word in _WORDS) + 2 * _PAD
LEAST_ROWS = SMALLEST.rows + _LEAST_UNDER
ALARMING = frozenset({State.CRITICAL, State.UNKNOWN})
"""The states whose tiles are on every page."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a tile is divided."""

    face: Face
    width: int
    """Of the large word's place."""
    beside: bool
    """Whether the normal letters stand beside the large word, or under it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """So many tiles of one size."""

    columns: int
    lines: int
    width: int
    """Of a tile."""
    rows: int
    """Of a tile; one where there is only room for normal letters."""

    @property
    def capacity(self) -> int:
        """How many tiles there is room for."""
        return self.columns * self.lines

    @property
    def height(self) -> int:
        """The rows of all tiles and the gaps between them."""
        return self.lines * self.rows + (self.lines - 1) * (GAP_DOWN if self.rows > 1 else 0)


def worst_first(board: Board) -> tuple[ProviderPicture, ...]:
    """Return the providers, worst first, and of equal ones those with more traffic first."""
    providers = board.picture.providers if board.picture else ()
    return tuple(sorted(providers, key=lambda p: (-badness(p.health.state), -_traffic(board, p))))


def _traffic(board: Board, provider: ProviderPicture) -> int:
    """Return the percent of traffic that a provider has; of one that was never read the configured one."""
    share = board.share(provider)
    return share.configured if share.read_at is None else share.live or 0


def alarming(board: Board) -> int:
    """Return how many providers are CRITICAL or UNKNOWN; `worst_first` begins with them."""
    return sum(p.health.state in ALARMING for p in worst_first(board))


def pinned(capacity: int, bad: int) -> int:
    """Return how many of the worst are on every page: all, or where they are too many, half of what there is room for.

    The rest of the room goes to the others in turn, so that each is seen.
    """
    return bad if bad < capacity else capacity // 2


def pages_needed(count: int, bad: int, capacity: int) -> int:
    """Return how many pages it takes to see every provider."""
    if count <= capacity:
        return 1
    stay = pinned(capacity, bad)
    return ceil((count - stay) / (capacity - stay))


def grid_for(count: int, bad: int, width: int, rows: int) -> Grid:
    """Return the tiles for so many providers in so much room.

    What counts: first that all bad ones are seen at once, then that as few pages as possible have to turn, then how
    large the letters are. Where not even the smallest letters show all bad ones, a tile is one line.
    """
    best, rank = Grid(1, max(rows, 1), width, 1), None
    for columns in range(1, (width + GAP_ACROSS) // (LEAST_WIDTH + GAP_ACROSS) + 1):
        for lines in range(1, (rows + GAP_DOWN) // (SMALLEST.rows + GAP_DOWN) + 1):
            grid = Grid(
                columns,
                lines,
                (width - (columns - 1) * GAP_ACROSS) // columns,
                (rows - (lines - 1) * GAP_DOWN) // lines,
            )
            plan = plan_for(grid.width, grid.rows)
            if plan is None or (grid.capacity <= bad and grid.capacity < count):
                continue
            this = (pages_needed(count, bad, grid.capacity), -plan.face.height, grid.capacity)
            if rank is None or this < rank:
                best, rank = grid, this
    return best


def plan_for(width: int, rows: int) -> Plan | None:
    """Return how a tile of a size is divided: with the largest letters that every state's word finds room in.

    Letters that leave room for a large name come before larger ones that do not: that something is CRITICAL is half
    of what has to be seen from afar, and what is so is the other half.
    """
    named = (_plan(face, width, rows, _LEAST_NAMED) for face in FACES if face.rows > SMALLEST.rows)
    others = (_plan(face, width, rows, _LEAST_UNDER) for face in FACES)
    return next((plan for plan in (*named, *others) if plan is not None), None)


def _plan(face: Face, width: int, rows: int, least: int) -> Plan | None:
    """Return how a tile is divided with a face; None where less than `least` rows are left for other words."""
    word = max(face.width(w) for w in _WORDS)
    left, under = width - word - 2 * _PAD - _BETWEEN, rows - face.rows
    aside = left >= _LEAST_BESIDE and under >= 0 and rows >= least
    below = word + 2 * _PAD <= width and under >= least
    if aside and (not below or left * rows >= (width - 2 * _PAD) * under):
        return Plan(face, word, True)
    return Plan(face, word, False) if below else None


def tile(board: Board, provider: ProviderPicture, width: int, rows: int) -> list[Line]:
    """Return a provider's tile, filled with its state's colour; one of one row has normal letters alone."""
    state = provider.health.state
    look = tile_look(state)
    plan = plan_for(width, rows) if rows > 1 else None
    if plan is None:
        return block([(_line(board, provider, width),)], width, rows, look)
    word: list[Line] = [((" " * _PAD, look), (row, look)) for row in big(state, plan.face)]
    if plan.beside:
        room = width - plan.width - 2 * _PAD - _BETWEEN
        # The word and what stands beside it begin on the same row, in the middle of what is left.
        above = (rows - plan.face.rows) // 2 if plan.face.rows > 5 else 0
        left = block([*([()] * above), *word], _PAD + plan.width + _BETWEEN, rows, look)
        right = block(_words(board, provider, room, rows - above, plan.face), room + _PAD, rows - above, look)
        return beside([left, [*block((), room + _PAD, above, look), *right]])
    room = width - 2 * _PAD
    under = _words(board, provider, room, rows - plan.face.rows, plan.face)
    spare = rows - plan.face.rows - len(under)
    above = 1 if spare > 1 else 0
    between = 1 if spare > 3 else 0
    indented: list[Line] = [((" " * _PAD, look), *line) for line in under]
    return block([*([()] * above), *word, *([()] * between), *indented], width, rows, look)


def _line(board: Board, provider: ProviderPicture, width: int) -> Span:
    """Return a provider in one line of normal letters."""
    state = provider.health.state
    old = within(provider.health.measured_at, board.now)
    share = board.share(provider).brief(board.now)
    words = f" {glyph(state)} {state}  {provider.name}  {share}  {score_words(provider)}"
    return fit(f"{words}  {old}  {_why(board, provider)}", width), tile_look(state)


def _words(board: Board, provider: ProviderPicture, width: int, rows: int, face: Face) -> list[Line]:
    """Return what a tile says in normal letters, in at most `rows` lines; the name large where that finds room."""
    found = provider.health
    look = tile_look(found.state)
    share = board.share(provider)
    name, weight = f"{glyph(found.state)} {clean(provider.name)}", share.brief(board.now)
    score, old = score_words(provider), within(found.measured_at, board.now)
    reason = _why(board, provider)
    if rows <= 2:
        short: list[Line] = [((fit(f"{name}  {weight}  {score}  {old}", width), look),)]
        return [*short, *([((fit(reason, width), look),)] if rows == 2 and reason else [])]
    if rows == 3:
        return [((fit(line, width), look),) for line in (f"{name}  {weight}", f"score {score}  {old}", reason)]
    large = _name(provider.name, width, rows - 4, face)
    lines: list[Line] = [((row, look),) for row in large]
    first = f"{name}  {share.name} {weight}  score {score}"
    if rows - len(lines) <= 5 and cell_len(first) > width:
        first = f"{name}  {weight}  {score}"
    heads = [first] if cell_len(first) <= width else [name, f"{share.name} {weight}  score {score}"]
    if cell_len(heads[-1]) > width:
        heads = [name, f"{share.name} {weight}", f"score {score}"]
    lines += [((fit(head, width), look),) for head in heads]
    room = rows - len(lines) - 1
    sentence = wrap(reason, width, look)
    if len(sentence) > room:
        sentence = [*sentence[: room - 1], ((fit(_rest(sentence, room), width), look),)] if room > 0 else []
    evidence = f"evidence {old} old" if found.measured_at else "no evidence"
    return [*lines, *sentence, ((fit(evidence, width), look),)]


def _rest(lines: list[Line], room: int) -> str:
    """Return what the last of so many lines says, and more than it has room for, so that it is seen to be cut."""
    return " ".join(text for line in lines[room - 1 :] for text, _ in line)


def _name(name: str, width: int, rows: int, limit: Face) -> tuple[str, ...]:
    """Return a name in letters as large as there is room for, but not larger than the state's."""
    text = name.upper().replace("_", "-")
    face = largest((text,), width, min(rows, limit.rows)) if rows > 0 and drawable(text) else None
    letters = big(text, face) if face else ()
    return (*letters, "") if letters and len(letters) + 1 < rows else letters


def tiles(board: Board, providers: tuple[ProviderPicture, ...], grid: Grid, width: int) -> list[Line]:
    """Return the tiles of some providers, in the grid's height."""
    lines: list[Line] = []
    gap = [filled((), GAP_ACROSS)] * grid.rows
    for first in range(0, len(providers), grid.columns):
        row: list[list[Line]] = []
        for provider in providers[first : first + grid.columns]:
            row += [gap] if row else []
            row.append(tile(board, provider, grid.width, grid.rows))
        if lines and grid.rows > 1:
            lines += [filled((), width)] * GAP_DOWN
        lines += [filled(line, width) for line in beside(row)]
    return block(lines, width, grid.height)


def chips(board: Board, shown: tuple[ProviderPicture, ...], width: int) -> Line:
    """Return the providers that have no tile on this page, on one line, the worst first."""
    others = [p for p in worst_first(board) if p not in shown]
    spans: list[Span] = []
    room = width
    for i, provider in enumerate(others):
        text = f" {glyph(provider.health.state)} {clean(provider.name)} {provider.health.state} "
        rest = f"+{len(others) - i}"
        more = len(rest) if i < len(others) - 1 else 0
        if cell_len(text) + 1 + more > room:
            spans.append((rest, Role.STRONG))
            break
        spans += [(text, tile_look(provider.health.state)), (" ", Role.TEXT)]
        room -= cell_len(text) + 1
    return filled(tuple(spans), width)


def middle(words: str, width: int, rows: int, look: Role) -> list[Line]:
    """Return a word in the largest letters that fit, in the middle of so much room."""
    face = largest((words,), max(width - 2, 0), rows)
    lines: list[Line] = [((row, look),) for row in big(words, face)] if face else [((words, look),)]
    above = max((rows - len(lines)) // 2, 0)
    return block([*([()] * above), *(centred(line, width) for line in lines)], width, rows)


def _why(board: Board, provider: ProviderPicture) -> str:
    return why(board.picture, provider) if board.picture else ""
