"""The smallest Textual app: what no app of this framework can start faster than."""

from textual.app import App, ComposeResult
from textual.widgets import Label


class MinimalApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Label("FIRST-FRAME")


if __name__ == "__main__":
    MinimalApp().run()
