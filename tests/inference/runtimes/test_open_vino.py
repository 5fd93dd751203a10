"""OpenVINO beside the rest of a process."""

from __future__ import annotations

import subprocess
import sys

from fashion_classifier.inference.shelf import shipped_folders

# A model opened by the main thread is dropped by another; then comes Ctrl-C.
DROPPED_ELSEWHERE = """
import gc, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell ignores it for what runs behind
from pathlib import Path
from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.inference.runtimes.open_vino import OpenVinoRuntime

runtimes = [OpenVinoRuntime(Path(sys.argv[1]).read_bytes(), ImageShape(28, 28, 1), 10, threads=1)]
dropping = threading.Thread(target=runtimes.clear)
dropping.start()
dropping.join()
gc.collect()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_model_that_another_thread_drops_leaves_ctrl_c_as_it_was():
    graph = shipped_folders()[0] / "model.onnx"
    command = [sys.executable, "-c", DROPPED_ELSEWHERE, str(graph)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
