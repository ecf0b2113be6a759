"""How often a trigger looks for something new: soon after a find, then less and less often."""

_FIRST_PAUSE_SECONDS = 0.1


class Pacing:
    """The pause between two looks; doubles while nothing is found.

    Args:
        longest_seconds: Where it stops growing.
    """

    def __init__(self, longest_seconds: float) -> None:
        self._longest = longest_seconds
        self._pause = _FIRST_PAUSE_SECONDS

    def found(self) -> None:
        """Something was found, so that more may be there."""
        self._pause = _FIRST_PAUSE_SECONDS

    def pause_seconds(self, look_took_seconds: float = 0.0) -> float:
        """The pause before the next look, at least four times as long as the last look took."""
        pause = self._pause
        self._pause = min(self._pause * 2, self._longest)
        return max(min(pause, self._longest), 4 * look_took_seconds)
