"""Ask kvmon's circuit breakers from inside an application.

from kvmon_client import BreakerOpen, Client

breakers = Client("http://127.0.0.1:9121")
if breakers.allow("sessions", "write"): ...
with breakers.guard("sessions", "read", key="user:1"): ...
"""

from kvmon_client.async_client import AsyncClient
from kvmon_client.client import Client
from kvmon_client.errors import BreakerOpen
from kvmon_client.slots import slot_of
from kvmon_client.verdict import Verdict

__all__ = ["AsyncClient", "BreakerOpen", "Client", "Verdict", "slot_of"]

__version__ = "0.1.0"
