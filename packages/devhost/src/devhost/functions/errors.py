"""What can stop the local host from starting, or a function from being invoked.

HostError                  anything a developer can put right; its text is all that is printed
├── HostConfigError        host.json, local.settings.json or an app setting is wrong
├── PortInUse              another process listens on the port
├── AppLoadError           the app cannot be imported, or holds no function app
│   └── IndexingError      functions are declared wrongly; ``problems`` lists all of them
└── HostStopping           the host stops before a function has ended
"""


class HostError(Exception):
    """Base of everything that the local host reports as one message, without a traceback."""

    code: str = "hostError"


class HostConfigError(HostError):
    """A configuration file or an app setting is wrong; the text names it and the form it must have."""

    code = "hostConfigError"


class PortInUse(HostError):
    """A port is taken; the text names the port and the option that changes it."""

    code = "portInUse"

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1 is in use. Stop what listens there, or give another with {option}."
        )
        self.port = port


class AppLoadError(HostError):
    """The app's script cannot be imported, or does not hold exactly one function app."""

    code = "appLoadError"


class IndexingError(AppLoadError):
    """One or more functions are declared wrongly; the real host would serve none of them either."""

    code = "indexingError"

    def __init__(self, problems: list[str]) -> None:
        listing = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The app's functions cannot be indexed:\n{listing}")
        self.problems = problems


class HostStopping(HostError):
    """The host stops before a function has ended; the engine runs durable work again at the next start."""

    code = "hostStopping"
