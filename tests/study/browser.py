"""A headless Chromium spoken to over its debugging pipe: no driver, no port, no other package."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
PATIENCE = 60.0


class Browser:
    """One page at a time: ``open`` a file, ``ask`` it for the value of an expression, read ``errors`` and ``requests``."""

    def __init__(self, profile: Path):
        # numbers above 9, so that 3 and 4, where Chromium reads and writes, are free in the child
        to_read, to_write, back_read, back_write = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in _pipes())

        def wire():
            os.dup2(to_read, 3)
            os.dup2(back_write, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"]
        flags += ["--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            [PROGRAM, *flags, "about:blank"], preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(to_read)
        os.close(back_write)
        self._out, self._in, self._rest, self._number = to_write, back_read, b"", 0
        self.errors, self.requests, self._events = [], [], []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = None
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self(f"{domain}.enable")

    _session = None

    def __call__(self, method, **params):
        """The answer to one command of the DevTools protocol."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params} | ({"sessionId": self._session} if self._session else {})
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, (method, told["error"])
                return told["result"]

    def _next(self):
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            part = os.read(self._in, 1 << 20)
            assert part, "Chromium has gone"
            self._rest += part
        line, self._rest = self._rest.split(b"\0", 1)
        told = json.loads(line)
        method, params = told.get("method"), told.get("params", {})
        self._events.append(method)
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        return told

    def open(self, file, *, width=1200, height=900, dark=False, script=True):
        """Loads a file into a window of this size; errors and requests begin anew."""
        self.size(width, height)
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self("Emulation.setScriptExecutionDisabled", value=not script)
        self.errors.clear()
        self.requests.clear()
        self._events.clear()
        self("Page.navigate", url=Path(file).as_uri())
        while "Page.loadEventFired" not in self._events:
            self._next()

    def size(self, width, height=900):
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def ask(self, expression):
        """The value of a JavaScript expression (awaited if it is a promise)."""
        found = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def mouse(self, kind, x, y, **more):
        self("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key)

    def screenshot(self, *, whole=False):
        """The window (or the whole page) as PNG."""
        return base64.b64decode(
            self("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **(self._clip() if whole else {}))["data"]
        )

    def _clip(self):
        size = self("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def pdf(self):
        return base64.b64decode(self("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)["data"])

    def close(self):
        self._session = None
        try:
            self("Browser.close")
        except (AssertionError, OSError):
            self.process.kill()
        self.process.wait(timeout=20)
        os.close(self._out)
        os.close(self._in)


def _pipes():
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    return to_read, to_write, back_read, back_write
