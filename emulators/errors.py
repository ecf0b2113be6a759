"""The errors of the emulators.

EmulatorError
├── StartupError    the process cannot start; printed as one line
└── BadRequest      a control or compliance request is malformed; answered 400
"""


class EmulatorError(Exception):
    """Root of the emulators' own errors."""


class StartupError(EmulatorError):
    """The emulators cannot start as asked. The message says what to change."""


class BadRequest(EmulatorError):
    """A request to an emulator has the wrong form. The message says what is allowed."""
