"""Everything that talks to the browser; nothing else imports ``js`` or ``pyodide``."""
