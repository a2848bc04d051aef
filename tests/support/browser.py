"""A real browser, Debian's Chromium, without a window: told what to do over a pair of pipes, in its own protocol (CDP)."""

import base64
import contextlib
import fcntl
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.daemons import kill_group, short_folder

CHROMIUM = "chromium"
WIDTH, HEIGHT = 1280, 800
COMPLAINTS = ("error", "assert", "warning")
"""What a page may say on its console that somebody should look at."""


class Page:
    """The one page of a browser: what stands on it, and what it says on its console."""

    def __init__(self, to_browser: int, from_browser: int, patience: float) -> None:
        self._write, self._read, self.patience = to_browser, from_browser, patience
        self._buffer, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []
        """Errors and warnings since the browser was started: of the console, of scripts, of what could not be fetched."""
        self.requests: list[str] = []
        """Addresses that it has asked for."""

    def attach(self) -> None:
        """Get hold of the page that a browser starts with."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.resize(WIDTH, HEIGHT)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command and return its result; what the page says meanwhile is noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(message | session).encode() + b"\0")
        deadline = time.monotonic() + self.patience
        while True:
            answer = self._next(deadline)
            if answer is None:
                raise TimeoutError(f"the browser does not answer {method}")
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def resize(self, width: int, height: int) -> None:
        """Give the page a size in CSS pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, address: str) -> None:
        """Go to an address, as one that is entered: what differs after ``#`` alone is loaded anew, too."""
        self.ask("Page.navigate", url="about:blank")
        answer = self.ask("Page.navigate", url=address)
        if "errorText" in answer:
            raise RuntimeError(f"{address}: {answer['errorText']}")

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is on the page now, as JSON has it."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait until a JavaScript expression is true on the page; return what it is then."""
        deadline = time.monotonic() + self.patience
        while True:
            with contextlib.suppress(RuntimeError):  # of a page that is about to go, or not there yet
                if value := self.value(expression):
                    return value
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page never has {expression}; it shows:\n{self.text()[:2000]}")
            self.rest(0.1)

    def text(self) -> str:
        """Return the text that is to be seen."""
        return self.value("document.body.innerText")

    def rest(self, seconds: float) -> None:
        """Note what the page says for a while."""
        deadline = time.monotonic() + seconds
        while self._next(deadline) is not None:
            pass

    def picture(self, file: Path) -> None:
        """Write what is to be seen as PNG."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def _next(self, deadline: float) -> dict[str, Any] | None:
        """Return the next message; None if there is none until the deadline."""
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            received = os.read(self._read, 1 << 16)
            if not received:
                raise RuntimeError("the browser has ended")
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer = json.loads(message)
        self._note(answer.get("method"), answer.get("params", {}))
        return answer

    def _note(self, event: str | None, said: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.complaints.append(f"exception: {details.get('exception', {}).get('description', details['text'])}")
        elif event == "Runtime.consoleAPICalled" and said["type"] in COMPLAINTS:
            words = [str(word.get("value", word.get("description", ""))) for word in said["args"]]
            self.complaints.append(f"console {said['type']}: {' '.join(words)}")
        elif event == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif event == "Log.entryAdded" and said["entry"]["level"] in COMPLAINTS:
            entry = said["entry"]
            self.complaints.append(f"log {entry['level']}: {entry['text']} {entry.get('url', '')}")


@contextmanager
def browser(patience: float = 120) -> Iterator[Page]:
    """A browser of its own, with a profile of its own, and its page; ``patience``: seconds to wait for anything."""
    with short_folder() as folder, contextlib.ExitStack() as pipes:
        ends = [*os.pipe(), *os.pipe()]
        inward, to_browser, from_browser, outward = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
        for end in (*ends, to_browser, from_browser):
            pipes.callback(os.close, end)
        log = folder / "chromium.log"
        # The protocol is spoken on the descriptors 3 and 4; root has no sandbox, and a container little shared memory.
        command = [
            "bash", "-c", f'exec "$0" "$@" 3<&{inward} 4>&{outward}', CHROMIUM, "--headless", "--remote-debugging-pipe",
            "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--disable-component-update",
            "--disable-background-networking", f"--user-data-dir={folder / 'profile'}",
        ]  # fmt: skip
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, pass_fds=(inward, outward), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        os.close(inward)
        os.close(outward)
        try:
            page = Page(to_browser, from_browser, patience)
            try:
                page.attach()
            except (RuntimeError, TimeoutError, BrokenPipeError) as error:
                raise RuntimeError(f"{CHROMIUM} does not start: {error}\n{log.read_text()[-3000:]}") from None
            yield page
        finally:
            kill_group(process.pid)
            process.wait()
