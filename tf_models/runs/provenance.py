"""Which run records may be compared: those of one device and of one version of every data set.

Arms on different devices differ by more than their switches, and two versions of a file are two data sets. What is
left out is counted, so that it can be named.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tf_models.data import content_hash
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec

Records = Mapping[RunSpec, Sequence[RunRecord]]  # every known record of a spec


@dataclass(frozen=True)
class Source:
    """The records of one device, each of the version that counts of its data set."""

    records: Records
    device: str

    @cached_property
    def versions(self) -> dict[str, str]:
        """Data set → content hash, as far as it has been asked for."""
        return {}

    def version(self, dataset: str) -> str:
        if dataset not in self.versions:
            self.versions[dataset] = version_of(dataset, self.records)
        return self.versions[dataset]

    def find(self, spec: RunSpec) -> RunRecord | None:
        """The record of `spec` that counts: the first that may be compared."""
        for record in self.records.get(spec, ()):
            if record.device == self.device and record.dataset_hash == self.version(spec.dataset):
                return record
        return None

    def left_out(self, specs: Iterable[RunSpec]) -> dict[tuple[str, str, str], int]:
        """Device, data set and its version → how many records of `specs` must not be compared with these."""
        return dict(
            Counter(
                (record.device, spec.dataset, record.dataset_hash)
                for spec in dict.fromkeys(specs)
                for record in self.records.get(spec, ())
                if record.device != self.device or record.dataset_hash != self.version(spec.dataset)
            )
        )


def version_of(dataset: str, records: Records) -> str:
    """The content hash that counts: of the file, where there is one, else of most runs, of the newest in a tie."""
    try:
        if present := content_hash(dataset):
            return present
    except LabError:  # a file that cannot be read decides nothing
        pass
    runs, newest = Counter[str](), dict[str, str]()
    for spec, found in records.items():
        for record in found if spec.dataset == dataset else ():
            runs[record.dataset_hash] += 1
            newest[record.dataset_hash] = max(record.finished, newest.get(record.dataset_hash, ""))
    return max(runs, key=lambda content: (runs[content], newest[content], content), default="")


def sources(specs: Iterable[RunSpec], records: Records) -> list[Source]:
    """One source for each device on which one of `specs` was trained, in the order of their names."""
    devices = {record.device for spec in specs for record in records.get(spec, ())}
    return [Source(records, device) for device in sorted(devices)]
