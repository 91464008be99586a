"""The yardstick of every network: a linear classifier on the same pixels and the same split."""

import json
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import version

from tf_models.data import load
from tf_models.runs import shipped

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)  # inverse strengths of the L2 penalty; the best on validation is kept


@dataclass(frozen=True)
class LinearResult:
    """Multinomial logistic regression: `test_accuracy` is a share, `c` the chosen inverse strength."""

    dataset: str
    dataset_hash: str
    train_images: int
    seed: int
    c: float
    validation_accuracy: float
    test_accuracy: float
    versions: dict[str, str]


def linear_classifier(dataset: str, seed: int, train_size: int | None = None) -> LinearResult:
    """Fit on the training images, choose the penalty on the validation images, read the test images once."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    data = load(dataset, seed, train_size)
    train, validation, test = (
        x.reshape(len(x), -1).astype("float32") / 127.5 - 1 for x in (data.x_train, data.x_validation, data.x_test)
    )
    models = []
    for c in STRENGTHS:
        # One thread: on a busy machine, threads that wait for each other take minutes over a second's work.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is one more penalty to choose from
            models.append(LogisticRegression(C=c, max_iter=100).fit(train, data.y_train))
    scores = [model.score(validation, data.y_validation) for model in models]
    best = max(range(len(models)), key=lambda index: scores[index])
    return LinearResult(
        dataset=dataset,
        dataset_hash=data.hash,
        train_images=len(train),
        seed=seed,
        c=STRENGTHS[best],
        validation_accuracy=float(scores[best]),
        test_accuracy=float(models[best].score(test, data.y_test)),
        versions={"scikit-learn": version("scikit-learn")},
    )


def write_linear(results: list[LinearResult]) -> None:
    """Keep the results of one data set in ``results/linear-DATASET.json``."""
    shipped.RESULTS.mkdir(exist_ok=True)
    path = shipped.RESULTS / f"linear-{results[0].dataset}.json"
    path.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


def shipped_linear(dataset: str) -> list[LinearResult]:
    """The shipped results for a data set; none where there is no file."""
    path = shipped.RESULTS / f"linear-{dataset}.json"
    return [LinearResult(**row) for row in json.loads(path.read_text())] if path.exists() else []


def linear_accuracy(dataset: str) -> float | None:
    """Mean test accuracy of the shipped results, as a share."""
    found = [result.test_accuracy for result in shipped_linear(dataset)]
    return sum(found) / len(found) if found else None
