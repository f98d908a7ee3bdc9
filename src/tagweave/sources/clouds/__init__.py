"""What every cloud source shares: the listing table, paging, calls, and a pass over many places.

`docs/add-a-cloud.md` is the law: a cloud's folder holds tables of `Listing` rows, pure maps, and a session.
"""

from tagweave.sources import Check
from tagweave.sources.clouds.calling import Call, Caller, Politeness, Problem
from tagweave.sources.clouds.checking import probe
from tagweave.sources.clouds.listing import Context, Join, Listing, Place, chunks, each, noun
from tagweave.sources.clouds.paging import WHOLE, Paging, next_link, numbered, offset, token
from tagweave.sources.clouds.passes import Accounts, Entered, Pass, Table
from tagweave.sources.clouds.reading import Gone
from tagweave.sources.clouds.regions import chosen, unmatched
from tagweave.sources.clouds.resolving import Resolver, resolve
from tagweave.sources.clouds.running import Job, Outcome, failed, perform, run

__all__ = [
    "WHOLE",
    "Accounts",
    "Call",
    "Caller",
    "Check",
    "Context",
    "Entered",
    "Gone",
    "Job",
    "Join",
    "Listing",
    "Outcome",
    "Paging",
    "Pass",
    "Place",
    "Politeness",
    "Problem",
    "Resolver",
    "Table",
    "chosen",
    "chunks",
    "each",
    "failed",
    "next_link",
    "noun",
    "numbered",
    "offset",
    "perform",
    "probe",
    "resolve",
    "run",
    "token",
    "unmatched",
]
