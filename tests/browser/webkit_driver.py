"""Windows of WebKitGTK, driven by JSON commands: one a line on standard input, one answer a line.

It runs in the system's Python, since PyGObject is a package of the operating system, and imports
nothing of this repository. `webkit.py` is the other side.

Usage: webkit_driver.py PROFILE DOWNLOADS
"""

import json
import os
import sys
import uuid
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")

from gi.repository import Gio, GLib, Gtk, WebKit2  # noqa: E402

SIZE = 1280, 900

SAFARI = {"StorageAPI", "StorageAPIEstimate", "FileSystem", "AccessHandle"}
"""Storage as in Safari, but for handles with synchronous access: WebKitGTK has none."""


class Driver:
    """Tabs of one profile, each in a window of its own.

    Parameters
    ----------
    profile : Path
        Folder for what sites store.
    downloads : Path
        Folder for downloads.
    answers : file
        Where answers are written.
    """

    def __init__(self, profile, downloads, answers):
        self._downloads = downloads
        self._answers = answers
        self._views = {}
        data = WebKit2.WebsiteDataManager(
            base_data_directory=str(profile / "data"), base_cache_directory=str(profile / "cache")
        )
        self._context = WebKit2.WebContext.new_with_website_data_manager(data)
        self._context.connect("download-started", self._download_started)

    def command(self, command):
        """Start a command; its answer has the same ``id``."""
        try:
            getattr(self, f"do_{command['do']}")(command)
        except Exception as error:  # The other side raises it.
            self._fail(command, error)

    def do_open(self, command):
        """Open a tab."""
        view = WebKit2.WebView.new_with_context(self._context)
        settings = view.get_settings()
        settings.set_enable_write_console_messages_to_stdout(True)
        for feature in _features():
            settings.set_feature_enabled(feature, True)
        view.connect("script-dialog", self._dialog)
        window = Gtk.Window(default_width=SIZE[0], default_height=SIZE[1])
        window.add(view)
        window.show_all()
        name = uuid.uuid4().hex
        self._views[name] = view
        self._answer(command, name)

    def do_close(self, command):
        """Close a tab."""
        view = self._views.pop(command["tab"])
        window = view.get_toplevel()
        view.try_close()
        window.destroy()
        self._answer(command, None)

    def do_goto(self, command):
        """Load an address; answer when the page and what it names have been loaded."""
        self._load(command, lambda view: view.load_uri(command["url"]))

    def do_reload(self, command):
        """Load the page again."""
        self._load(command, lambda view: view.reload())

    def do_evaluate(self, command):
        """Call a function of JavaScript and wait for its promise."""
        view = self._views[command["tab"]]
        body = f"return JSON.stringify(await ({command['function']})(JSON.parse(argument)) ?? null)"
        arguments = GLib.Variant("a{sv}", {"argument": GLib.Variant("s", command["argument"])})

        def called(_, result):
            try:
                value = view.call_async_javascript_function_finish(result)
            except GLib.Error as error:
                self._fail(command, error)
            else:
                self._answer(command, json.loads(value.to_string()))

        view.call_async_javascript_function(body, -1, arguments, None, None, None, called)

    def do_screenshot(self, command):
        """Write what the window shows into a file."""
        view = self._views[command["tab"]]

        def taken(_, result):
            try:
                view.get_snapshot_finish(result).write_to_png(command["path"])
            except (GLib.Error, OSError) as error:
                self._fail(command, error)
            else:
                self._answer(command, None)

        region, options = WebKit2.SnapshotRegion.VISIBLE, WebKit2.SnapshotOptions.NONE
        view.get_snapshot(region, options, None, taken)

    def _load(self, command, begin):
        view = self._views[command["tab"]]
        handlers = []

        def end():
            for handler in handlers:
                view.disconnect(handler)

        def changed(_, event):
            if event == WebKit2.LoadEvent.FINISHED:
                end()
                self._answer(command, None)

        def failed(_view, _event, _url, error):
            end()
            self._fail(command, error)
            return True

        handlers.append(view.connect("load-changed", changed))
        handlers.append(view.connect("load-failed", failed))
        begin(view)

    def _dialog(self, _, dialog):
        # "Leave site?" is asked when a notebook is not saved; a user says yes.
        kind = WebKit2.ScriptDialogType
        if dialog.get_dialog_type() in (kind.CONFIRM, kind.BEFORE_UNLOAD_CONFIRM):
            dialog.confirm_set_confirmed(True)
        return True

    def _download_started(self, _, download):
        def decide(_, name):
            # Complete files are those without this suffix.
            part = self._downloads / f"{name}.part"
            download.set_destination(part.as_uri())
            download.connect("finished", lambda _: part.rename(part.with_suffix("")))
            return True

        download.connect("decide-destination", decide)

    def _answer(self, command, value):
        self._write({"id": command["id"], "value": value})

    def _fail(self, command, error):
        message = getattr(error, "message", None) or str(error)
        self._write({"id": command["id"], "error": message})

    def _write(self, answer):
        print(json.dumps(answer), file=self._answers, flush=True)


def _features():
    """Return the features that are off by default here, and on in Safari."""
    every = WebKit2.Settings.get_all_features()
    features = map(every.get, range(every.get_length()))
    return [feature for feature in features if feature.get_identifier() in SAFARI]


def main():
    """Serve commands until standard input ends."""
    profile, downloads = map(Path, sys.argv[1:])
    # WebKit writes the console of the pages to standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    driver = Driver(profile, downloads, answers)
    commands = Gio.DataInputStream.new(Gio.UnixInputStream.new(0, False))

    def read(stream, result):
        line, _ = stream.read_line_finish_utf8(result)
        if line is None:
            Gtk.main_quit()
            return
        driver.command(json.loads(line))
        commands.read_line_async(GLib.PRIORITY_DEFAULT, None, read)

    commands.read_line_async(GLib.PRIORITY_DEFAULT, None, read)
    Gtk.main()


if __name__ == "__main__":
    main()
