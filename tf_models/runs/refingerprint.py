"""``python -m tf_models.runs.refingerprint``: give the shipped records the fingerprints that today's code gives them.

For changes of the code that change what a fingerprint is made of, and no result. A record whose network would have
another size now is another network's: it must be trained again, and nothing is written.
"""

from dataclasses import replace

from tf_models import zoo
from tf_models.runs import shipped
from tf_models.runs.record import RunRecord
from tf_models.runs.showcase import load_showcase, showcase_weights, showcases, write_showcase
from tf_models.runs.weights import unpack_weights


def refingerprinted(record: RunRecord) -> RunRecord:
    """The same record with today's fingerprint; raises ValueError where the network has another size today."""
    model = record.spec.model
    if (zoo.parameters(model), zoo.macs(model)) != (record.parameters, record.macs):
        raise ValueError(f"run {record.run_id} ({record.spec.name}) is of another network: train it again")
    return replace(record, fingerprint=record.spec.fingerprint(record.dataset_hash))


def main() -> None:
    files = {path: shipped.read_lines(path) for path in sorted(shipped.RESULTS.glob("*.jsonl.gz"))}
    problems = [str(problem) for _, found in files.values() for problem in found]
    if problems:
        raise SystemExit("\n".join(problems))
    renewed = {path: [refingerprinted(record) for record in records] for path, (records, _) in files.items()}
    for path, records in renewed.items():
        shipped.write_shipped(path.name.removesuffix(".jsonl.gz"), records)
        changed = sum(a.fingerprint != b.fingerprint for a, b in zip(files[path][0], records, strict=True))
        print(f"{path.name}: {changed} of {len(records)} fingerprints changed")
    for name in showcases():
        shown = load_showcase(name)
        weights = unpack_weights(showcase_weights(name), name)
        write_showcase(replace(shown, record=refingerprinted(shown.record)), weights)


if __name__ == "__main__":
    main()
