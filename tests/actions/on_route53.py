"""The strict Route 53 as what has the records of a whole small platform."""

from __future__ import annotations

from pathlib import Path

from tests.actions.site import generation_in
from tests.providers.traffic.strict_route53 import ZONE, Record, StrictRoute53

TARGETS = {"aws": "192.0.2.1", "gcp": "192.0.2.2"}
BY_ROUTE53 = """\
backend = "route53"
[traffic.route53]
hosted_zone_id = "{zone}"
endpoint_url = "{url}"
"""


class HostedZone:
    """Its only zone, in which AWS has 60 and GCP 40 percent."""

    record = "www.example.com."

    def __init__(self, server: StrictRoute53) -> None:
        self.server = server
        server.put(self.weighted("aws", 60), self.weighted("gcp", 40))

    @property
    def nameserver(self) -> str:
        """Where customers are told of it."""
        return self.server.nameserver

    def backend(self, folder: Path, api: str) -> str:
        """Return the rest of [traffic]."""
        del folder
        return BY_ROUTE53.format(zone=ZONE, url=api or self.server.url)

    def weighted(self, provider: str, weight: int, **more: object) -> Record:
        """Return a record as the configuration asks for it, or with something else in it."""
        record = {"Name": self.record, "Type": "A", "SetIdentifier": provider, "Weight": weight, "TTL": 60}
        return {**record, "ResourceRecords": [{"Value": TARGETS[provider]}], **more}

    def live(self) -> tuple[int, dict[str, int]]:
        """Return generation and shares as they are."""
        found = self.server.records
        text = found.get((f"_wedtui.{self.record}", "TXT", ""))
        generation = 0 if text is None else generation_in(text["ResourceRecords"][0]["Value"])
        return generation, {r["SetIdentifier"]: r["Weight"] for r in found.values() if r["Type"] == "A"}

    @property
    def applied(self) -> int:
        """How many changes were made."""
        return len(self.server.changes)
