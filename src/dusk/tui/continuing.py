"""Coming back after a stop that could not be heard of: ``kill -STOP``, then ``fg``.

Ctrl+z tells the app before it stops, so it gives the terminal back first. SIGSTOP does not: meanwhile the
shell wrote over the screen and set its own modes, and Textual would start a second reader of the keyboard.
"""

from __future__ import annotations

import signal
from typing import Any


def repair_when_continued(driver: Any) -> None:
    """Take the terminal over anew on SIGCONT when nobody gave it back; only terminal drivers can."""
    if not hasattr(driver, "_sigcont_application") or not hasattr(driver, "_must_signal_resume"):
        return

    def continued(*_: object) -> None:
        if driver._auto_restart and not driver._must_signal_resume:
            driver.suspend_application_mode()
            driver._must_signal_resume = True  # the app hears of it, and draws everything again
        driver._sigcont_application()

    signal.signal(signal.SIGCONT, continued)
