"""What hands do on any screen: copying, jumping to a pane, saving a picture; and the line that says what came of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from wedtui.core.wording import asked_of_demo
from wedtui.tui.jump import place_of
from wedtui.tui.screens.base import BoardScreen

if TYPE_CHECKING:
    from textual.worker import Worker

    from wedtui.tui.album import Album
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.clipboard import Subject
    from wedtui.tui.pictures import Caption
    from wedtui.tui.session import View

SAID_FOR_S = 6.0
LATE = "that key came while the line hung, and was thrown away: press it again"
_STOP_WAIT_S = 1.0


@dataclass
class Said(Message):
    """Another thread has something to say."""

    sentence: str


class Hands:
    """The state behind these keys.

    Args:
        app: the dashboard.
        environ: the environment, which says what stands between here and the terminal.
        album: where pictures go, or None where there is no place for them.
    """

    def __init__(self, app: WedtuiApp, environ: Mapping[str, str], album: Album | None) -> None:
        self._app = app
        self._environ = environ
        self._album = album
        self._said_at = 0.0
        self._saving: threading.Thread | None = None
        self.sentence: str | None = None
        """What is to be said at present."""
        self._left: tuple[View, ...] = ()
        self._left_help = False
        self.jumping = False
        """Whether the next key is a place to jump to."""

    def say(self, sentence: str) -> None:
        """Show a sentence in the last line until the next key, or for a few seconds."""
        told = asked_of_demo(sentence) if self._app.board.demo else sentence
        self.sentence, self._said_at = told, self._app.clock.monotonic()
        self._app.seen.show_keys()

    def hush(self) -> None:
        """Show the keys again."""
        if self.sentence is not None:
            self.sentence = None
            self._app.seen.show_keys()

    def grow_old(self) -> None:
        """Take away what was said long enough; called every second."""
        if self._app.clock.monotonic() - self._said_at >= SAID_FOR_S:
            self.hush()

    def take(self, key: str, character: str | None) -> bool:
        """Look at a key before anything else does; return whether it was jump mode's and has to go no further.

        A key becomes an action only after it went round the widgets. A digit that came over the line together with
        the key before it would overtake that, so jump mode begins here.
        """
        self.hush()
        if not self.jumping:
            begins = self._begins(key, character)
            if begins:
                self.jump()
            return begins
        self.jumping = False
        place = place_of(key)
        if place is not None:
            self._app.back_to_dashboard()
        self._app.dashboard.show()
        if place == "findings":
            self._app.action_findings()
        elif place == "freeze":
            self._app.action_freeze()
        elif place == "weddings":
            self._app.action_weddings()
        elif place is not None:
            self._app.dashboard.go_to(place)
        else:
            self._go_back()
        return True

    def _go_back(self) -> None:
        """Be where jump mode began; help lies over the screen that it is about."""
        self._app.memory.open(self._left, "open before")
        if self._left_help:
            self._app.action_help()

    def _begins(self, key: str, character: str | None) -> bool:
        """Whether a key begins jump mode: not under the palette, and not while it is a letter of what is typed."""
        app = self._app
        if app.screen is not app.seen or key not in app.keymap.keys("app.jump"):
            return False
        return app.focused is None or not app.focused.check_consume_key(key, character)

    def jump(self) -> None:
        """Wait for the digit of a place, which the dashboard's titles show now."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - not needed for the first paint

        screens = [screen for screen in self._app.screen_stack if isinstance(screen, BoardScreen)]
        self._left_help = isinstance(screens[-1], HelpScreen)
        self._left = tuple(view for screen in screens if (view := screen.view()))
        self._app.back_to_dashboard()
        self.jumping = True
        self._app.dashboard.show()

    def copy(self) -> None:
        """Copy what is under the cursor."""
        subject = self._app.seen.subject()
        if subject is None:
            self.say("nothing is selected here that could be copied")
        else:

            async def send() -> None:
                await self._send(subject)

            # Not a coroutine: where the dashboard ends meanwhile, none is left that was never begun.
            _begun: Worker[None] = self._app.run_worker(send, group="copy", exclusive=True)

    async def _send(self, subject: Subject) -> None:
        from wedtui.core.redact import masked  # noqa: PLC0415 - when somebody copies
        from wedtui.core.wording import asked_of_demo  # noqa: PLC0415
        from wedtui.tui import tmux  # noqa: PLC0415
        from wedtui.tui.clipboard import Way, bounded, remark, sequence, way_of  # noqa: PLC0415

        # Whoever pastes a command of a demo must not act on their own installation.
        text = asked_of_demo(subject.text) if self._app.board.demo else subject.text
        copy, way = bounded(masked(text)), way_of(self._environ)
        if way is Way.DIRECT and not self._app.abilities.modern:
            self.say(f"{subject.name}: this terminal has no clipboard that could be reached")
            return
        buffered = way is Way.TMUX and await tmux.take(copy.text, self._environ)
        if not buffered:
            self._app.write_to_terminal(sequence(copy.text, way))
        self.say(remark(subject, copy, buffered=buffered))

    def take_picture(self) -> None:
        """Save what is on the screen."""
        if self._album is None:
            self.say("no picture was saved: there is no directory for them")
            return
        if self._saving is not None and self._saving.is_alive():
            self.say("the last picture is still being saved: wait a moment")
            return
        from wedtui.core.redact import masked  # noqa: PLC0415 - when somebody saves one
        from wedtui.tui.pictures import Caption  # noqa: PLC0415 - as above

        app, picture = self._app, self._app.board.picture
        environment = picture.environment if picture else "environment unknown"
        title, demo = app.seen.TITLE_FOR_HELP, app.board.demo
        caption = Caption(self._album.version, environment, app.clock.now(), title, demo)
        # The title is drawn by the library, into the picture itself.
        exported = app.export_screenshot(title=masked(caption.title()))
        save = (self._album, exported, caption)
        self._saving = threading.Thread(target=self._save, args=save, name="wedtui-picture", daemon=True)
        self._saving.start()

    def _save(self, album: Album, exported: str, caption: Caption) -> None:
        from wedtui.errors import WedtuiError  # noqa: PLC0415 - as above

        try:
            sentence = album.save(exported, caption, self._shown())
        except WedtuiError as error:
            sentence = str(error)
        self._app.post_message(Said(sentence))

    def _shown(self) -> frozenset[str]:
        """Return the names of what is watched, which a picture may show."""
        picture = self._app.board.picture
        if picture is None:
            return frozenset()
        return frozenset({picture.environment, *(p.name for p in picture.providers), *(p.name for p in picture.probes)})

    def stop(self) -> None:
        """Let a picture be finished, without waiting for a disk that hangs."""
        if self._saving is not None:
            self._saving.join(_STOP_WAIT_S)
