"""A headless Chromium, driven over a pipe by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol).

Messages are JSON, each ended by a zero byte: commands go to file descriptor 3 of the browser, answers and events come
from 4. Nothing is installed for this beside the browser itself.
"""

import base64
import json
import os
import select
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # which does not work for root
    "--disable-dev-shm-usage",  # which is small in a container
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)

_PATIENCE_S = 60
"""How long an answer may take before the browser counts as hung."""


class Chromium:
    """A browser with one page; use it in a `with` block."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        self.requested_urls: list[str] = []
        self.errors: list[str] = []
        self._last_id = 0
        self._session: str | None = None
        self._received = b""
        command_end, self._commands = os.pipe()
        self._answers, answer_end = os.pipe()
        redirected = [
            (os.POSIX_SPAWN_DUP2, command_end, 3),
            (os.POSIX_SPAWN_DUP2, answer_end, 4),
            *((os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)),
        ]
        command = [PROGRAM, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        self._pid = os.posix_spawn(PROGRAM, command, os.environ, file_actions=redirected)
        os.close(command_end)
        os.close(answer_end)

    def __enter__(self) -> Self:
        targets = self.send("Target.getTargets")["targetInfos"]
        target = next(info["targetId"] for info in targets if info["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._pid, signal.SIGTERM)
        os.waitpid(self._pid, 0)
        os.close(self._commands)
        os.close(self._answers)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come before it are noted."""
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last_id:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self._note_event(answer)

    def open(self, page: Path) -> None:
        """Load a page and wait until all of it is there."""
        self.send("Page.navigate", url=page.as_uri())
        self.run("document.readyState === 'complete' || new Promise((done) => addEventListener('load', done))")

    def run(self, expression: str) -> Any:
        """Return the value of an expression in the page, or of the promise that it is, as after a click."""
        result = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        names = {"key": text if text == " " else key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", **names, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **names)

    def set_view(self, width: int, height: int, scheme: str) -> None:
        """Set the size of the page and the colour scheme, light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self) -> bytes:
        """Return a picture of the whole page as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._answers], [], [], _PATIENCE_S)
            assert ready, "Chromium does not answer"
            chunk = os.read(self._answers, 1 << 16)
            assert chunk, "Chromium ended"
            self._received += chunk
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)

    def _note_event(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Network.requestWillBeSent":
            self.requested_urls.append(event["params"]["request"]["url"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(event["params"]["exceptionDetails"]["text"])
