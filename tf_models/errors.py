"""The one exception that is written for the person at the screen."""

MESSAGES = {
    "unknown_variant": "Unknown variant “{value}”: choose one of {choices}.",
    "unknown_dataset": "Unknown data set “{value}”: choose one of {choices}, or put “{value}.npz” into LAB_DATA_DIR.",
    "unknown_experiment": "Unknown experiment “{value}”: choose one of {choices}.",
    "unknown_claim": "Unknown claim “{value}”: choose one of {choices}.",
    "unknown_switch": "Unknown switch “{switch}” for {variant}: it has {choices}.",
    "unknown_backend": "KERAS_BACKEND is “{value}”: it must be one of {choices}.",
    "switch_choice": "Switch {switch}={value}: it must be one of {choices}.",
    "switch_whole": "Switch {switch}={value}: it must be a whole number from {low} to {high}.",
    "switch_number": "Switch {switch}={value}: it must be a number from {low} to {high}.",
    "plain_ffn": "{variant} cannot honour ffn={value}: a plain convolution stack has no FFN sub-block, its ReLU follows "
    "every convolution; the nearest comparison is vit with mixer=convolution, ffn=on against ffn=off.",
    "plain_ffn_ratio": "{variant} cannot honour ffn_ratio={value}: a plain convolution stack has no FFN; the nearest "
    "comparison is vit with mixer=convolution.",
    "plain_mixer": "{variant} cannot honour mixer={value}: in a plain convolution stack the convolution also changes the "
    "width; exchange the mixer of vit instead.",
    "plain_position": "{variant} cannot honour position={value}: a plain convolution stack has no position table.",
    "plain_skip": "{variant} cannot honour skip={value}: its blocks change the width, so nothing could be added around "
    "them.",
    "plain_heads": "{variant} cannot honour heads={value}: it has no attention.",
    "plain_patch": "{variant} cannot honour patch={value}: it reads pixels, not patches.",
    "plain_stem": "{variant} cannot honour stem={value}: it has no stem, its first convolution sees the pixels.",
    "convolutional_ffn": "{variant} cannot honour ffn={value}: its 1×1 convolutions hold the token mixer between them, so "
    "there is no FFN sub-block to take out; the nearest comparison is convnext with ffn=on against ffn=off.",
    "separable_ffn_ratio": "{variant} cannot honour ffn_ratio={value}: it has one 1×1 convolution after each depthwise "
    "one and no hidden layer; the nearest comparison is mobilenet_v2, whose ffn_ratio is its expansion.",
    "separable_skip": "{variant} cannot honour skip={value}: it has no skip connections; mobilenet_v2 has.",
    "convolutional_stem": "{variant} cannot honour stem={value}: its stem is a convolution by definition; the nearest "
    "comparison is convnext with stem=patch against stem=convolution.",
    "convolutional_patch": "{variant} cannot honour patch={value}: its stem is a convolution, not a cut into patches.",
    "downsample_one_grid": "{variant} cannot honour downsample={value}: it keeps one grid from start to end.",
    "downsample_merge": "{variant} cannot honour downsample={value}: patch merging keeps every value, so that there is no "
    "stride to blur.",
    "shift_without_windows": "{variant} cannot honour shift={value}: only mixer=window has windows to shift.",
    "values_without_attention": "{variant} cannot honour values={value}: only mixer=attention can leave out its value and "
    "output projections.",
    "sliding_without_band": "{variant} cannot honour sliding={value}: only mixer=sliding has a window that slides.",
    "relative_without_scores": "{variant} cannot honour position=relative: with mixer={mixer} there are no scores to add "
    "it to; it needs one of {choices}.",
    "patch_not_a_power": "Patch {patch}: a stem of convolutions halves the sides, so it must be a power of two.",
    "heads_without_attention": "{variant} cannot honour heads={value}: only attention and static mixing have heads, and "
    "the mixer is {mixer}.",
    "hidden_without_ffn": "{variant} cannot honour {switch}={value}: with ffn={ffn} there are no dense layers.",
    "ratio_of_one_layer": "{variant} cannot honour ffn_ratio={value}: with ffn_layers=1 there is no hidden layer to "
    "widen.",
    "plain_ffn_layers": "{variant} cannot honour ffn_layers={value}: a plain convolution stack has no FFN.",
    "plain_late_mixer": "{variant} cannot honour late_mixer={value}: its token mixer is the convolution.",
    "convolutional_ffn_layers": "{variant} cannot honour ffn_layers={value}: its 1×1 convolutions hold the token mixer "
    "between them, so there is no FFN whose layers could be counted.",
    "late_mixer_stages": "{variant} cannot honour late_mixer={value}: only a network of equal blocks on one grid, without "
    "a global token, has a second half; vit and mixer have.",
    "late_mixer_same": "{variant} cannot honour late_mixer={value}: the first half has this mixer too.",
    "local_without_attention": "{variant} cannot honour position=local: it is the start of attention's scores, and the "
    "mixer is {mixer}.",
    "activations_of_plain": "{variant} cannot honour activations={value}: only cnn and vgg are plain stacks of "
    "convolution and activation.",
    "head_of_plain": "{variant} cannot honour head={value}: only cnn and vgg have a choice of head.",
    "sincos_width": "Width {width}: position=sincos needs a multiple of 4.",
    "patch_does_not_fit": "Image {side} {size} is not a multiple of patch {patch}: choose a patch that divides both sides "
    "of {height}×{width}.",
    "no_patch_fits": "An image of {height}×{width} cannot be cut into patches: no patch from {smallest} to 16 divides "
    "both sides and leaves 4 to {most} tokens. Name a patch, or crop the image.",
    "width_heads": "Width {width} is not a multiple of {heads} heads.",
    "image_shape": "Image {height}×{width}×{channels}: the lab takes sides from 8 to 256 pixels and 1 or 3 channels.",
    "image_too_small": "An image of {height}×{width} is too small for {stages} halvings of {variant}: "
    "each side must be at least {minimum}.",
    "classes": "{value} classes: the lab takes 2 to 1000.",
    "number": "{name} is {value}: it must be from {low} to {high}.",
    "train_size": "Training size {value}: {dataset} has {available} training images, and each of its {classes} classes "
    "needs at least one.",
    "file_unreadable": "Data file {name}: it must be a .npz file of plain numbers, x_train, y_train, x_test and y_test, "
    "without Python objects ({reason}).",
    "file_images": "Data file {name}: {key} has shape {shape}; images are (N, H, W), (N, H, W, 1) or (N, H, W, 3).",
    "file_pixels": "Data file {name}: {key} holds {dtype}; pixels are uint8, 0 to 255.",
    "file_labels": "Data file {name}: {key} has shape {shape} of {dtype}; it must be {count} whole numbers, one an image.",
    "file_sizes": "Data file {name}: x_train {train} and x_test {test} must hold images of one size.",
    "file_gap": "Data file {name}: labels run from {low} to {high}; they must be 0, 1, 2, … without a gap, 2 to 1000 "
    "classes.",
    "file_unknown_label": "Data file {name}: y_test has the label {value}; y_train has labels 0 to {high}.",
    "file_archive": "Data file {name}: it is not a .zip archive ({reason}).",
    "file_large": "Data file {name}: {entry} unpacks to more than {limit} MB.",
    "file_folders": "Data file {name}: it must hold 2 or more class folders with 10 or more PNG, JPEG or WebP images each.",
    "dataset_offline": "{name} could not be downloaded ({reason}). Go online once, or put {name}.npz (x_train, y_train, "
    "x_test, y_test) into the folder that LAB_DATA_DIR names.",
    "not_an_image": "{name} is not an image that the lab can read: send a PNG, JPEG or WebP file.",
    "image_too_large": "{name} has {megapixels:.0f} megapixels: the lab reads images of up to {limit} megapixels.",
    "home_not_writable": "LAB_HOME {path} cannot be written ({reason}): name a folder with free space that you may write.",
    "store_broken": "The run store {path} cannot be used ({reason}): move it away, or name another with LAB_HOME or "
    "LAB_DATABASE_URL.",
    "queue_full": "{value} runs are waiting already, the limit of LAB_MAX_QUEUE: wait for one to end, or stop one.",
    "setting_number": "{name} is “{value}”: it must be a whole number from 1 on.",
    "setting_folder": "{name} is “{value}”: it must be a folder that exists.",
    "setting_address": "{name} is “{value}”: it must be a scheduler's address with its port, such as tcp://host:8786.",
    "too_many_epochs": "{value} epochs: this lab allows {limit} (LAB_MAX_EPOCHS).",
    "no_workers": "No worker answered within {seconds:.0f} s: {reason}.",
    "too_few_seeds": "seeds is {value}: an interval needs at least 2, and a verdict at least 3.",
    "idle_option": "{experiment} has no --{name} (given {value}).",
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
        # plain values only: errors are pickled, kept as JSON, and said again in another language
        self.values = {
            key: value if isinstance(value, (int, float, str)) else str(value) for key, value in values.items()
        }
        super().__init__(MESSAGES[code].format(**self.values))
        self.code = code

    def __reduce__(self):  # crosses process boundaries: workers raise it, the server shows it
        return _rebuild, (self.code, self.values)


def _rebuild(code: str, values: dict[str, object]) -> LabError:
    return LabError(code, **values)
