"""TensorBoard: curves, settings with what came of them, figures and texts, as event files in a folder.

They are written by TensorBoard itself: PyTorch's own writer would bring PyTorch into the process that sends.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from fashion_classifier.tracking.records import Begun, Concluded, Fact, Measured, State, TrialMade

EVENTS = "events.out.tfevents.*"
PICTURES, TEXTS = ".png", ".md"
COMMAND = "command"  # of the settings the one that is no hyperparameter


class ToTensorboard:
    """Writes event files.

    Parameters
    ----------
    where
        The folder, which `tensorboard --logdir` is given; the work gets one of its name in it.
    """

    def __init__(self, where: Path) -> None:
        self.where = where
        self.folder: Path
        self.writer: EventFileWriter
        self.settings: dict[str, Fact] = {}

    def begin(self, begun: Begun) -> None:
        """Begin anew: event files cannot be changed, and everything that they held is told again."""
        self.folder = self.where / begun.name
        for events in self.folder.rglob(EVENTS):
            events.unlink()
        self.writer = EventFileWriter(str(self.folder))
        self.settings = {name: value for name, value in begun.about.items() if name != COMMAND}
        told = json.dumps(dict(begun.about), indent=2, ensure_ascii=False)
        self._add(_text("settings", f"```json\n{told}\n```"))

    def measure(self, measured: Measured) -> None:
        """Add a point to each curve."""
        for name, value in measured.figures.items():
            point = Summary.Value(tag=f"{measured.series}/{name}", simple_value=value)
            self._add(point, step=measured.step, at=measured.time)
        self.writer.flush()

    def trial(self, made: TrialMade) -> None:
        """Add a row to the table of hyperparameters."""
        self._row(f"trials/{made.name}", made.settings, made.figures)

    def conclude(self, concluded: Concluded, folder: Path) -> None:
        """Add the results, and the pictures and texts among the files."""
        self._row("results", self.settings, concluded.figures)
        for path in (found for name in concluded.files for found in _files(folder / name)):
            if path.suffix == PICTURES:
                with Image.open(path) as picture:
                    width, height = picture.size
                content = Summary.Image(
                    width=width, height=height, colorspace=3, encoded_image_string=path.read_bytes()
                )
                self._add(Summary.Value(tag=path.stem, image=content))
            elif path.suffix == TEXTS:
                self._add(_text(path.stem, path.read_text(encoding="utf-8")))

    def end(self, state: State) -> str:
        """Close the files; return the folder."""
        self._add(_text("ended", state))
        self.writer.close()
        return str(self.folder)

    def _add(self, value: Summary.Value, *, step: int = 0, at: float | None = None) -> None:
        """Add a value to the work's events."""
        self.writer.add_event(_event(value, step, at))

    def _row(self, name: str, settings: Mapping[str, Fact], figures: Mapping[str, float]) -> None:
        """Add settings and what came of them, in a folder of their own, as the table of hyperparameters wants it."""
        writer = EventFileWriter(str(self.folder / name))
        values = [Summary.Value(tag=key, simple_value=value) for key, value in figures.items()]
        for value in (*_hyperparameters(settings, figures), *values):
            writer.add_event(_event(value, 0, None))
        writer.close()


def _event(value: Summary.Value, step: int, at: float | None) -> Event:
    """Give a value its step and time."""
    return Event(wall_time=time.time() if at is None else at, step=step, summary=Summary(value=[value]))


def _text(tag: str, text: str) -> Summary.Value:
    """Make a text, which the page shows as Markdown."""
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()], tensor_shape=shape)
    return Summary.Value(tag=f"{tag}/text_summary", metadata=plugin, tensor=tensor)


def _hyperparameters(settings: Mapping[str, Fact], figures: Mapping[str, float]) -> Iterator[Summary.Value]:
    """Make what declares a row of the table, and what begins and ends it."""
    kinds = {bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING}
    infos = [
        api_pb2.HParamInfo(name=name, type=kinds.get(type(value), api_pb2.DATA_TYPE_FLOAT64))
        for name, value in settings.items()
    ]
    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in figures]
    begun = plugin_data_pb2.SessionStartInfo()
    for name, value in settings.items():
        if isinstance(value, bool):
            begun.hparams[name].bool_value = value
        elif isinstance(value, str):
            begun.hparams[name].string_value = value
        else:
            begun.hparams[name].number_value = value
    experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)
    ended = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS)
    for tag, told in (("experiment", experiment), ("session_start_info", begun), ("session_end_info", ended)):
        data = plugin_data_pb2.HParamsPluginData(version=0, **{tag: told})
        plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=data.SerializeToString())
        yield Summary.Value(tag=f"_hparams_/{tag}", metadata=SummaryMetadata(plugin_data=plugin))


def _files(path: Path) -> list[Path]:
    """Return the file, or the files in the folder."""
    return sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
