"""The one exception that is written for the person at the screen."""

MESSAGES = {
    "unknown_variant": "Unknown variant “{value}”: choose one of {choices}.",
    "unknown_dataset": "Unknown data set “{value}”: choose one of {choices}, or put “{value}.npz” into LAB_DATA_DIR.",
    "unknown_experiment": "Unknown experiment “{value}”: choose one of {choices}.",
    "unknown_switch": "Unknown switch “{switch}” for {variant}: it has {choices}.",
    "unknown_backend": "KERAS_BACKEND is “{value}”: it must be one of {choices}.",
    "switch_value": "Switch {switch}={value}: it must be {rule}.",
    "switch_unsupported": "{variant} cannot honour {switch}={value}: {rule}.",
    "patch_does_not_fit": "Image {side} {size} is not a multiple of patch {patch}: choose a patch that divides both sides "
    "of {height}×{width}.",
    "no_patch_fits": "An image of {height}×{width} cannot be cut into patches: no patch from 2 to 16 divides both sides "
    "and leaves 4 to 144 tokens. Name a patch, or crop the image.",
    "width_heads": "Width {width} is not a multiple of {heads} heads.",
    "image_shape": "Image {height}×{width}×{channels}: the lab takes sides from 8 to 256 pixels and 1 or 3 channels.",
    "image_too_small": "An image of {height}×{width} is too small for {stages} halvings of {variant}: "
    "each side must be at least {minimum}.",
    "classes": "{value} classes: the lab takes 2 to 1000.",
    "number": "{name} is {value}: it must be {rule}.",
    "train_size": "Training size {value}: {dataset} has {available} training images, and each of its {classes} classes "
    "needs at least one.",
    "dataset_file": "Data file {name}: {rule}.",
    "dataset_offline": "{name} could not be downloaded ({reason}). Go online once, or put {name}.npz (x_train, y_train, "
    "x_test, y_test) into the folder that LAB_DATA_DIR names.",
    "not_an_image": "{name} is not an image that the lab can read: send a PNG, JPEG or WebP file.",
    "image_too_large": "{name} has {megapixels:.0f} megapixels: the lab reads images of up to {limit} megapixels.",
    "home_not_writable": "LAB_HOME {path} cannot be written ({reason}): name a folder with free space that you may write.",
    "store_broken": "The run store {path} cannot be used ({reason}): move it away, or name another with LAB_HOME or "
    "LAB_DATABASE_URL.",
    "queue_full": "{value} runs are waiting already, the limit of LAB_MAX_QUEUE: wait for one to end, or stop one.",
    "too_many_epochs": "{value} epochs: this lab allows {limit} (LAB_MAX_EPOCHS).",
    "no_workers": "No worker answered within {seconds:.0f} s: {reason}.",
    "too_few_seeds": "{value} seeds: an interval needs at least 2, and a verdict at least 3.",
    "mixed_runs": "The runs of {arms} come from different {what} ({values}) and cannot be compared.",
    "unknown_run": "Unknown run “{value}”: it is not in this lab's run store.",
    "run_ended": "Run {value} has ended as {status}, without a result.",
    "unknown_language": "Unknown language “{value}”: choose one of {choices}.",
    "unknown_view": "Unknown value “{value}” for “{name}” in the link: choose one of {choices}.",
    "not_finite": "The loss became {value} in epoch {epoch}: a smaller learning rate may help.",
    "worker_died": "The worker process ended during the run ({reason}).",
    "time_limit": "The run was ended after {limit} s, the limit of LAB_MAX_SECONDS.",
}


class LabError(ValueError):
    """Names the offending value and the rule it breaks.

    `code` and `values` let a page say the same sentence in the visitor's language; `str(error)` is the English one.
    """

    def __init__(self, code: str, **values: object):
        super().__init__(MESSAGES[code].format(**values))
        self.code = code
        self.values = values

    def __reduce__(self):  # crosses process boundaries: workers raise it, the server shows it
        return _rebuild, (self.code, self.values)


def _rebuild(code: str, values: dict[str, object]) -> LabError:
    return LabError(code, **values)
