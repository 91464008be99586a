"""``python -m tf_models``: one JSON document on standard output, or one line of error and status 2."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tf_models import printing
from tf_models.__main__ import _bars, _experiment, _parser, main
from tf_models.data import content_hash
from tf_models.jobs.conduct import used_records, where_complete
from tf_models.jobs.worker import _native_silence
from tf_models.runs import shipped
from tf_models.runs.known import index
from tf_models.runs.shipped import shipped_records
from tf_models.runs.showcase import showcases
from tf_models.runs.spec import Recipe
from tf_models.runs.store import ACTIVE, RunStore
from tf_models.study.analysis import analyse
from tf_models.study.documents import analysis_document
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.plans import STEPS, plan
from tf_models.zoo import CLASSROOM, PUBLISHED

ROOT = Path(__file__).parents[1]
# Planned, and not yet trained to the end.
NOT_SHIPPED = {"depth-cifar10-jpeg"}
TINY = ["--dataset", "digits", "--train-size", "50", "--epochs", "1", "--set", "depth=1"]


def lab(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tf_models", *arguments],
        cwd=ROOT,
        env=os.environ | {"LAB_WORKERS": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def document(done: subprocess.CompletedProcess[str]):
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)  # refuses anything before or after


def test_models_lists_every_architecture_with_its_size():
    rows = document(lab("models", "--json"))
    assert [row["name"] for row in rows] == [*CLASSROOM, *PUBLISHED]
    for row in rows:
        assert set(row) == {"name", "family", "scale", "parameters", "macs", "input_shape"}
    by_name = {row["name"]: row for row in rows}
    assert by_name["vit"]["scale"] == "classroom" and by_name["vit"]["input_shape"] == [32, 32, 3]
    assert by_name["deit_tiny"]["scale"] == "published" and by_name["deit_tiny"]["parameters"] == 5_717_416


def test_datasets_lists_what_can_be_used_here_and_a_broken_file_hides_nothing(small_images, data_dir, capsys):
    small_images("pets")
    (data_dir / "broken.npz").write_bytes(b"no archive")
    assert main(["datasets", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"digits", "mnist", "fashion_mnist", "cifar10", "cifar100", "pets", "broken"} <= set(rows)
    assert rows["digits"]["hash"] == content_hash("digits") and rows["digits"]["input_shape"] == [8, 8, 1]
    assert rows["pets"]["classes"] == 3 and rows["pets"]["train_images"] == 180
    assert "broken.npz" in rows["broken"]["problem"]


@pytest.mark.parametrize("command", [["models"], ["datasets"]], ids=lambda command: command[0])
def test_without_json_a_table_is_printed_for_people(command, capsys):
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("name") and len(lines) > 4


FIELDS = {
    "run_id": str,
    "variant": str,
    "switches": dict,
    "dataset": str,
    "dataset_hash": str,
    "seed": int,
    "epochs": int,
    "parameters": int,
    "macs": int,
    "validation_accuracy": float,
    "test_accuracy": float,
    "test_loss": float,
    "train_seconds": float,
    "device": str,
    "versions": dict,
    "git": str,
}


def test_train_prints_its_record_and_an_identical_run_is_reused():
    """On the backend that is asked for."""
    arguments = ["train", "cnn", *TINY, "--seed", "3", "--set", "width=8"]
    done = lab(*arguments, "--json", KERAS_BACKEND="jax")
    record = document(done)
    for name, kind in FIELDS.items():
        assert isinstance(record[name], kind), name
    assert (record["variant"], record["switches"], record["seed"]) == ("cnn", {"depth": 1, "width": 8}, 3)
    assert (record["dataset"], record["train_images"], record["epochs"]) == ("digits", 50, 1)
    assert record["backend"] == "jax" and "jax" in record["versions"]
    assert "cnn depth=1 width=8 digits: 1 of 1 epochs in" in done.stderr
    assert "\r" not in done.stderr and "\x1b" not in done.stderr, "a bar, where there is no terminal"
    assert record["reused"] is False and "reused" not in done.stderr
    again = lab(*arguments, "--json", KERAS_BACKEND="jax")
    assert document(again) == record | {"reused": True}
    assert f"nothing was trained: run {record['run_id']} of {record['finished'][:10]} is reused" in again.stderr
    store = RunStore()
    assert [run.id for run in store.runs()] == [record["run_id"]]
    store.close()


def test_run_prints_the_intervals_of_the_shipped_results_without_training():
    """The same numbers as the page's: both read the shipped records."""
    done = lab("run", "ffn-gap", "--dataset", "digits", "--seeds", "5", "--json", KERAS_BACKEND="tensorflow")
    plan = FfnGap("digits", 5, backend="tensorflow")
    runs = len(used_records(plan, index(shipped_records().values())))
    assert f"nothing was trained: all {runs} runs are reused (--fresh trains anew)" in done.stderr
    result = document(done)
    assert [result.pop(name) for name in ("trained", "reused", "missing")] == [0, runs, 0]
    assert result == json.loads(json.dumps(analysis_document(analyse(plan, index(shipped_records().values())))))
    assert {"experiment", "dataset", "seeds", "arms", "contrasts", "runs"} <= set(result)
    for row in result["contrasts"]:
        assert {"a", "b", "mean", "low", "high", "wins", "verdict"} <= set(row) and row["verdict"] != "untested"
    store = RunStore()
    assert store.runs() == []
    store.close()


def test_run_says_what_too_few_seeds_cannot_decide(capsys):
    assert main(["run", "ffn-gap", "--seeds", "2", "--json"]) == 0  # shipped: nothing is trained
    done = capsys.readouterr()
    assert "2 seeds give intervals but no verdict: that needs at least 3, and 5 are declared for digits." in done.err
    assert {row["verdict"] for row in json.loads(done.out)["contrasts"]} == {"inconclusive"}


def is_one_error(code: int, out: str, err: str, words: str) -> None:
    assert code == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and words in err


BAD = {
    "unknown variant": (["train", "mlp"], "Unknown variant “mlp”: choose one of cnn, vgg, resnet"),
    "unknown value": (
        ["train", "vit", "--set", "ffn=maybe"],
        "ffn=maybe: it must be one of on, off, activation, linear",
    ),
    "unknown switch": (["train", "vit", "--set", "colour=blue"], "Unknown switch “colour”"),
    "no value": (["train", "vit", "--set", "ffn"], "ffn=: it must be"),
    "unknown data set": (["train", "vit", "--dataset", "pets"], "Unknown data set “pets”: choose one of digits"),
    "unknown data set of an experiment": (["run", "ffn-gap", "--dataset", "pets"], "Unknown data set “pets”"),
    "patch": (["train", "vit", "--set", "patch=7", "--dataset", "cifar10"], "height 32 is not a multiple of patch 7"),
    "unknown experiment": (["run", "gap"], "Unknown experiment “gap”: choose one of ffn-gap"),
    "one seed": (
        ["run", "ffn-gap", "--seeds", "1"],
        "seeds is 1: an interval needs at least 2, and a verdict at least 3",
    ),
    "a third look": (
        ["run", "ffn-gap", "--seeds", "7"],
        "seeds is 7: results are looked at with up to 5 and once more with 10; another number would be a third look",
    ),
    "an option of another experiment": (
        ["run", "parameter-efficiency", "--depths", "1,2"],
        "parameter-efficiency has no option --depths (given (1, 2))",
    ),
    "no such arm": (["run", "ffn-gap", "--arms", "on, of"], "ffn-gap has no arm “of”: choose from on, off, activation"),
    "no such arm to look into": (["inside", "--arms", "resnet50"], "inside has no arm “resnet50”: choose from cnn"),
    "arms of what trains none": (["inside", "--shipped", "--arms", "cnn"], "inside --shipped has no option --arms"),
    "no FFN to switch": (["run", "ffn-gap", "--variant", "resnet"], "resnet cannot honour ffn="),
    "no such switch": (["train", "mobilenet_v1", "--set", "skip=off"], "mobilenet_v1 cannot honour skip=off"),
    "negative seed": (["train", "vit", "--seed", "-1"], "seed is -1"),
    "no epochs": (["train", "vit", "--epochs", "0"], "epochs is 0"),
    "too many epochs": (["train", "vit", "--epochs", "500"], "500 epochs: this lab allows 200"),
    "training size": (["train", "vit", "--train-size", "5"], "Training size 5: digits has 1258"),
    "learning rate": (["train", "vit", "--learning-rate", "nan"], "learning_rate is nan"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_line_and_status_2(name, capsys):
    arguments, words = BAD[name]
    code = main([*arguments, "--json"])
    is_one_error(code, *capsys.readouterr(), words)
    store = RunStore()
    assert store.runs() == []
    store.close()


@pytest.mark.parametrize("variable", ["LAB_HOME", "LAB_DATABASE_URL"])
def test_a_store_that_cannot_be_opened_gets_one_line_and_status_2(variable, capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    value = str(tmp_path / "file" / "home") if variable == "LAB_HOME" else "nonsense"
    monkeypatch.setenv(variable, value)
    code = main(["train", "vit", "--json"])
    is_one_error(code, *capsys.readouterr(), value)


def test_the_status_and_the_line_are_those_of_the_process():
    done = lab("train", "vit", "--set", "ffn=maybe", "--json")
    is_one_error(done.returncode, done.stdout, done.stderr, "ffn=maybe")


def test_a_file_that_only_a_worker_finds_bad_gets_one_line_too(small_images, data_dir):
    small_images("odd", y_test=[7] * 40)
    done = lab("train", "cnn", *TINY[2:], "--dataset", "odd", "--json", LAB_DATA_DIR=str(data_dir))
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ") and "odd.npz: y_test has the label 7" in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["train"], ["nothing"], ["train", "vit", "--depth", "3"], ["run", "ffn-gap", "--depths", "a"]]
)
def test_a_command_that_is_not_understood_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == "" and "error: " in err.splitlines()[-1]


@pytest.mark.parametrize(("sent", "to"), [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)])
def test_an_interruption_stops_the_run_and_leaves_nothing_behind(lab_home, sent, to):
    """A terminal sends Ctrl-C to every process of the command, the cluster's too; a system asks the command to end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tf_models", "train", "cnn", "--epochs", "200", "--json"],
        cwd=ROOT,
        env=os.environ | {"LAB_WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a test run in the background inherits that interruptions are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    store = RunStore()
    end = time.monotonic() + 120
    while not (store.runs() and store.epochs(store.runs()[0].id)):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.1)
    to(process.pid, sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == ""
    assert err.splitlines()[-1] == "interrupted" and "Traceback" not in err and "ended its worker" not in err
    run = store.runs()[0]
    assert run.status not in ACTIVE and run.status != "finished"
    store.close()
    with pytest.raises(ProcessLookupError):  # nobody is left in the group
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)


def test_reproduce_makes_each_shipped_file_again_by_a_command_of_its_own(monkeypatch, tmp_path, capsys):
    """Its list covers every file; a step that finds all runs again writes the very same bytes."""
    assert main(["reproduce", "--list", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)
    assert tuple(dict.fromkeys(step["name"] for step in steps)) == STEPS
    made = {
        f"{step['name']}-{step['dataset']}".rstrip("-")
        for step in steps
        if {"run", "inside"} & {*step["command"].split()} and step["name"] != "probes"
    }
    assert made - NOT_SHIPPED == {path.name.removesuffix(".jsonl.gz") for path in shipped.RESULTS.glob("*.jsonl.gz")}
    assert made >= NOT_SHIPPED
    networks = {f"{step['command'].split()[4]}-{step['dataset']}" for step in steps if step["name"] == "networks"}
    assert networks == set(showcases())

    copy = tmp_path / "results"
    shutil.copytree(shipped.RESULTS, copy)
    monkeypatch.setattr(shipped, "RESULTS", copy)
    monkeypatch.delenv("KERAS_BACKEND")  # so that what was trained on JAX is found there
    for name, dataset in (("permutation", "digits"), ("sequence", "")):
        path = copy / f"{name}{'-' if dataset else ''}{dataset}.jsonl.gz"
        before = path.read_bytes()
        assert main(["reproduce", name, *(["--dataset", dataset] if dataset else [])]) == 0
        assert "nothing was trained" in capsys.readouterr().err
        assert path.read_bytes() == before
    assert main(["reproduce", "nothing"]) == 2
    assert "choose one of ffn-gap digits" in capsys.readouterr().err


def test_what_is_complete_on_another_backend_counts_there_and_what_is_nowhere_complete_stays():
    records = index(shipped_records().values())
    sequence = plan("sequence", "brackets")
    assert where_complete(sequence, records) == replace(sequence, backend="jax")
    nowhere = replace(sequence, recipe=Recipe(epochs=3))
    for row in (plan("permutation", "digits"), plan("depth", "cifar10-jpeg"), nowhere):
        assert where_complete(row, records) == row


def test_the_experiments_that_readme_prints_are_those_that_came_with_the_lab():
    """Two of them chose rates in another way, and trained everything anew for half an hour."""
    lines = re.findall(r"python -m tf_models (run .*?) --json", (ROOT / "README.md").read_text())
    assert len(lines) == 3
    for line in lines:
        asked = _experiment(_parser().parse_args(shlex.split(line)))
        planned = plan(asked.name, asked.dataset)
        if isinstance(planned, FfnGap):  # the example leaves its grid out
            planned = replace(planned, depths=(), train_sizes=())
        assert asked == planned, line


def test_every_command_that_the_documents_print_is_understood():
    text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    commands = re.findall(r"python -m tf_models ([^`\n]*)", text)
    assert len(commands) > 12
    for command in commands:
        words = shlex.split(command.replace("--only NAME", "--only cost").replace("NAME", "hybrids"), comments=True)
        if words and words[0].islower():
            _parser().parse_args(words)


def test_a_folder_that_is_not_there_is_one_line_whatever_was_asked(monkeypatch, capsys):
    """Also where it is found out before the command begins."""
    monkeypatch.setenv("LAB_DATA_DIR", "/nowhere")
    assert [main(command) for command in (["models"], ["reproduce", "--list"], ["claims", "--id", "C24"])] == [2, 2, 2]
    assert capsys.readouterr().err.count("LAB_DATA_DIR is “/nowhere”") == 3


def test_a_closed_pipe_is_no_error():
    done = subprocess.run(
        f"{shlex.quote(sys.executable)} -m tf_models models --json | head -1",
        cwd=ROOT,
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[\n" and done.stderr == ""


def test_without_a_terminal_progress_is_a_plain_line_whenever_a_run_has_ended(capsys):
    with _bars(plan("ffn-gap", "digits")) as show:
        for done in (0, 1, 1, 3):
            show("arms", done, 3)
    assert capsys.readouterr().err == "ffn-gap digits: arms 1 of 3\nffn-gap digits: arms 3 of 3\n"


def test_numbers_that_are_none_are_told(capsys):
    with pytest.raises(SystemExit):
        main(["run", "ffn-gap", "--depths", "1,x"])
    assert "“1,x” must be whole numbers, such as 1,2,4" in capsys.readouterr().err


def test_the_linear_classifier_is_told_with_its_mean_and_few_digits():
    found = {"dataset": "digits", "train_images": 1258, "c": 1.0, "versions": {"scikit-learn": "1"}}
    shares = [{"validation_accuracy": share, "test_accuracy": share} for share in (0.97, 0.98)]
    shown = printing.linear([{**found, "seed": seed, **share} for seed, share in enumerate(shares)]).splitlines()
    assert shown[-1].split() == ["digits", "mean", "97.50", "%", "97.50", "%"] and len(shown) == 4


def test_what_libraries_write_to_the_terminal_themselves_is_no_output_of_the_lab(capfd):
    with _native_silence():
        os.write(2, b"I0000 cudart_stub.cc:31] Could not find cuda drivers\n")
    os.write(2, b"computing identities\n")
    assert capfd.readouterr().err == "computing identities\n"


def test_output_in_a_code_page_that_lacks_characters_is_no_error():
    """As ``… > claims.txt`` on Windows."""
    done = lab("datasets", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "8?8?1" in done.stdout and not done.stderr
