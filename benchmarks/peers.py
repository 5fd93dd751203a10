"""What a user would have instead, on the same pixels and the same cores: accuracy and wall time of the whole process.

mlp, forest, boosting: scikit-learn's MLPClassifier, random forest and histogram gradient boosting (settings and
reasons in ``peer_models.py``). keras-notebook: an MLP 128-64 with dropout 0.5, then 10 Bayesian trials of KerasTuner
over units, dropout and learning rate with early stopping, then ten epochs of the best on training + cross-validation
data. keras-cnn: the network of Keras's MNIST example. Keras runs on TensorFlow in an environment of its own, which is
made at the first call.

Accuracies are of the cross-validation images (keras-notebook's is its best trial's, before retraining); with --final
everything is learned from training + cross-validation data and judged by the test set. Rows are appended, and those
that exist for the same commit of the peers and this machine are not measured again.

python benchmarks/peers.py                               3 seeds: about 50 minutes on two cores
python benchmarks/peers.py --final
python benchmarks/peers.py --peers mlp forest --seeds 1
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import (
    HERE,
    RESULTS,
    Row,
    check_committed,
    is_measured,
    last_json,
    official_data,
    parser,
    read_rows,
    record,
    timed,
)
from keras_venv import KERAS_ENVIRONMENT, REQUIREMENTS, keras_command
from peer_models import CLASSIFIERS
from splitting import save_split
from tables import print_table, summary_of_peers

NAME = "peers"
KERAS = ("keras-notebook", "keras-cnn")
PEERS = (*CLASSIFIERS, *KERAS)
# Nothing of ours but the split: the peers' figures outlast our commits.
PATHS = tuple(map(str, (HERE / "peer_models.py", HERE / "keras_models.py", REQUIREMENTS)))


def main() -> None:
    """Measure what is not measured yet, and print the table."""
    made = parser(__doc__)
    made.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    made.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, …")
    made.add_argument("--final", action="store_true", help="open the test set")
    arguments = made.parse_args()
    official_data()
    if arguments.final:
        check_committed(PATHS)
    for seed in range(arguments.seeds):
        for peer in arguments.peers:
            _measure(peer, seed, arguments.results, final=arguments.final)
    print_table(summary_of_peers(read_rows(NAME, arguments.results)))


def _measure(peer: str, seed: int, results: Path = RESULTS, *, final: bool) -> None:
    """Time one peer in a process of its own, and write down its row."""
    identity: Row = {"peer": peer, "kind": "test" if final else "validation", "seed": seed}
    if is_measured(NAME, identity, folder=results, paths=PATHS):
        return
    with tempfile.TemporaryDirectory() as temporary:
        pixels = Path(temporary) / "pixels.npz"
        save_split(pixels, seed, reason=f"benchmark of {peer}" if final else None)
        output, seconds = timed(_command(peer, pixels, seed), KERAS_ENVIRONMENT)
    facts = last_json(output)
    accuracy = round(100 * facts.pop("accuracy"), 3)
    row = {**identity, "accuracy": accuracy, "seconds": round(seconds, 2), **facts}
    record(NAME, row, folder=results, paths=PATHS)


def _command(peer: str, pixels: Path, seed: int) -> list[str]:
    """Return the command of a peer's process."""
    if peer in KERAS:
        return keras_command(peer.removeprefix("keras-"), pixels, seed)
    return [sys.executable, str(HERE / "peer_models.py"), peer, str(pixels), str(seed)]


if __name__ == "__main__":
    main()
