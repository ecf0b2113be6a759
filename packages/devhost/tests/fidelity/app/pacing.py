"""How activities let time pass. A host whose clock is moved by hand puts its own way in place of this one."""

import time
from collections.abc import Callable

pause: Callable[[float], None] = time.sleep
