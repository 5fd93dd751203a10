"""What is said of pictures, in whichever way they are sent, and what is said of what is none."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math

import numpy as np
import pytest
from PIL import Image
from tests.serving.conftest import CLASSES, make_folder, picture

from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.opening import open_model
from fashion_classifier.serving.engine import Engine
from fashion_classifier.serving.problems import KINDS
from fashion_classifier.serving.schemas import Predictions, ProblemDetails

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def levels(content: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(content)))


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def of_uri(uri: str) -> np.ndarray:
    head, _, rest = uri.partition(",")
    assert head == "data:image/png;base64"
    return levels(base64.b64decode(rest))


def check_problem(answer, status, *words):
    """Hold an answer to RFC 9457 and to what its sentence must say."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = ProblemDetails.model_validate(answer.json())
    assert told.status == status
    assert told.type.removeprefix("/docs#") in KINDS
    for word in words:
        assert word in told.detail
    return told


def only(answer):
    """Return the one entry of an answer."""
    assert answer.status_code == 200, answer.text
    Predictions.model_validate(answer.json())
    (entry,) = answer.json()["images"]
    return entry


class TestAnswers:
    def test_says_what_the_model_says(self, server, model):
        content = picture()
        entry = only(server.predict(content))
        expected = model.predict(levels(content)[None])[0]
        assert list(entry["probabilities"]) == list(CLASSES)
        np.testing.assert_allclose(list(entry["probabilities"].values()), expected, atol=1e-6)
        order = expected.argsort()[::-1]
        assert entry["class"] == CLASSES[order[0]]
        assert entry["runner_up"] == {
            "class": CLASSES[order[1]],
            "probability": pytest.approx(expected[order[1]], abs=1e-6),
        }
        assert entry["set"][0] == entry["class"]
        assert entry["refused"] is False
        assert entry["reason"] == ""
        assert "seen" not in entry

    def test_the_runner_up_is_another_one_where_all_are_as_probable(self, server, monkeypatch):
        async def undecided(_self, seen):
            return [(Answer(CLASSES[0], 1 / 3, None, None), np.full(3, 1 / 3, np.float32)) for _ in seen]

        monkeypatch.setattr(Engine, "answer", undecided)
        entry = only(server.predict(picture()))
        assert (entry["class"], entry["runner_up"]["class"]) == CLASSES[:2]

    @pytest.mark.parametrize("kind", FORMATS)
    def test_formats_are_told_by_content(self, server, kind):
        mode = "RGB" if kind in ("JPEG", "WEBP") else "L"
        assert only(server.predict(picture(kind, (40, 30), mode), kind="image/png"))["class"] in CLASSES

    def test_ways_to_send_a_picture_give_the_same_answer(self, server):
        content = picture()
        plain = only(server.predict(content, kind="application/octet-stream"))
        form = only(server.ask("POST", "/v1/predict", files={"images": ("a.png", content)}))
        as_text = only(server.ask("POST", "/v1/predict", json={"images": [{"base64": encoded(content), "name": "b"}]}))
        uri = only(
            server.ask(
                "POST", "/v1/predict", json={"images": [{"base64": "data:image/png;base64," + encoded(content)}]}
            )
        )
        pixels = only(server.ask("POST", "/v1/predict", json={"images": [{"pixels": levels(content).tolist()}]}))
        row = only(server.ask("POST", "/v1/predict", json={"images": [{"pixels": levels(content).ravel().tolist()}]}))
        assert (form["name"], as_text["name"], pixels["name"]) == ("a.png", "b", "")
        for other in (form, as_text, uri, pixels, row):
            assert other["probabilities"] == plain["probabilities"]

    def test_pixels_of_another_size_are_brought_to_the_models(self, server):
        small = only(server.ask("POST", "/v1/predict", json={"images": [{"pixels": [[0, 255], [255, 0]]}]}))
        colour = only(server.ask("POST", "/v1/predict", json={"images": [{"pixels": [[[1, 2, 3]] * 5] * 4}]}))
        assert {small["class"], colour["class"]} <= set(CLASSES)

    def test_what_mattered_and_what_was_seen(self, server):
        content = picture()
        entry = only(server.predict(content, "?explain=true&seen=1"))
        np.testing.assert_array_equal(of_uri(entry["seen"]), levels(content))
        assert of_uri(entry["mattered"]).shape == (12, 12)
        assert 0 <= entry["mattered_most"] <= 1
        assert (entry["mattered_most"] > 0) == (of_uri(entry["mattered"]).max() == 255)
        assert "mattered" not in only(server.predict(content, "?explain=false"))

    def test_many_at_once_each_get_their_own(self, server, model):
        pictures = [picture(seed=seed) for seed in range(60)]

        async def ask_all():
            settings = {"headers": {"content-type": "image/png"}}
            return await asyncio.gather(
                *(server.ask_async("POST", "/v1/predict", content=content, **settings) for content in pictures)
            )

        answers = server.run(ask_all())
        expected = model.predict(np.stack([levels(content) for content in pictures]))
        for answer, probabilities in zip(answers, expected, strict=True):
            np.testing.assert_allclose(list(only(answer)["probabilities"].values()), probabilities, atol=1e-5)
        sizes = server.ask("GET", "/metrics").text
        batches = float(
            next(line for line in sizes.splitlines() if line.startswith("fashion_batch_images_count")).split()[1]
        )
        images = float(
            next(line for line in sizes.splitlines() if line.startswith("fashion_batch_images_sum")).split()[1]
        )
        assert images > batches

    def test_a_colour_model(self, make_server, tmp_path):
        server = make_server(open_model(make_folder(tmp_path / "colour", colour=True), "onnx", threads=1))
        entry = only(server.predict(picture(mode="RGB", size=(30, 20)), "?explain=1&seen=1"))
        assert of_uri(entry["seen"]).shape == (12, 12, 3)
        assert of_uri(entry["mattered"]).shape == (12, 12)

    def test_what_is_refused_is_told_so(self, make_server, tmp_path):
        folder = make_folder(tmp_path / "strict")
        description = json.loads((folder / "model.json").read_text())
        description["refusal"]["threshold"] = -1.0
        (folder / "model.json").write_text(json.dumps(description))
        from fashion_classifier.inference.manifest import write_manifest

        write_manifest(folder)
        entry = only(make_server(open_model(folder, "onnx", threads=1)).predict(picture()))
        assert entry["refused"] is True
        assert "unlike" in entry["reason"]
        assert entry["class"] in CLASSES


class TestSeveral:
    def test_a_broken_one_is_its_own_problem(self, server):
        files = [
            ("images", ("a.png", picture())),
            ("images", ("b.png", b"no picture")),
        ]
        answer = server.ask("POST", "/v1/predict", files=[*files, ("image", ("c.png", picture(seed=1)))])
        assert answer.status_code == 200
        Predictions.model_validate(answer.json())
        first, second, third = answer.json()["images"]
        assert (first["name"], second["name"], third["name"]) == ("a.png", "b.png", "c.png")
        assert "class" in first
        assert "class" in third
        assert second["problem"]["status"] == 415
        assert "b.png" in second["problem"]["detail"]

    def test_entries_of_json_have_problems_of_their_own(self, server):
        good = levels(picture()).tolist()
        entries = [{"pixels": good}, {"pixels": [[300]]}, {"pixels": [[1], [1, 2]]}, {"base64": "!"}, {"base64": ""}]
        answer = server.ask("POST", "/v1/predict", json={"images": entries})
        problems = [entry.get("problem", {}).get("status") for entry in answer.json()["images"]]
        assert problems == [None, 422, 422, 422, 400]

    def test_alone_its_problem_is_the_answers(self, server):
        check_problem(server.ask("POST", "/v1/predict", files={"images": ("b.png", b"no picture")}), 415, "b.png")
        check_problem(server.ask("POST", "/v1/predict", json={"images": [{"pixels": [[0.5]]}]}), 422, "0 to 255")


HOSTILE_JSON = {
    "nothing": (b"{}", 422),
    "no object": (b"[]", 422),
    "no list": (b'{"images": {}}', 422),
    "an empty list": (b'{"images": []}', 422),
    "another key": (b'{"images": [{"pixels": [[0]]}], "more": 1}', 422),
    "no entry": (b'{"images": [0]}', 422),
    "both": (b'{"images": [{"pixels": [[0]], "base64": ""}]}', 422),
    "a name that is no text": (b'{"images": [{"pixels": [[0]], "name": 1}]}', 422),
    "half a character": (b'{"images": [{"pixels": [["a"]], "name": "\\ud800"}]}', 422),
    "not a number": (b'{"images": [{"pixels": [[NaN]]}]}', 400),
    "infinity": (b'{"images": [{"pixels": [[-Infinity]]}]}', 400),
    "too large for a float": (b'{"images": [{"pixels": [[1e999]]}]}', 422),
    "too large for an integer": (b'{"images": [{"pixels": [[%s]]}]}' % (b"9" * 400), 422),
    "too many digits": (b'{"images": [{"pixels": [[%s]]}]}' % (b"9" * 5000), 400),
    "deep": (b'{"images": [{"pixels": ' + b"[" * 40_000 + b"]" * 40_000 + b"}]}", 400),
    "deep, but not too deep": (b'{"images": [{"pixels": ' + b"[" * 100 + b"]" * 100 + b"}]}", 422),
    "many brackets": (b'{"images": [' + b"[]," * 100_000 + b"0]}", 413),
    "not UTF-8": (b'{"images": "\xff"}', 400),
    "not JSON": (b"images", 400),
    "cut off": (b'{"images": [{"pix', 400),
    "pixels of no size": (b'{"images": [{"pixels": []}]}', 422),
    "pixels in an object": (b'{"images": [{"pixels": {"a": 1}}]}', 422),
    "negative": (b'{"images": [{"pixels": [[-1]]}]}', 422),
    "truths": (b'{"images": [{"pixels": [[true]]}]}', 422),
    "a truth among numbers": (b'{"images": [{"pixels": [[true, 7]]}]}', 422),
    "a long text among many": (b'{"images": [{"pixels": ["%s"%s]}]}' % (b"a" * 3_000_000, b',""' * 900_000), 422),
    "nulls": (b'{"images": [{"pixels": [[null]]}]}', 422),
}


@pytest.fixture(params=["here", "in a process"])
def wherever(request, monkeypatch) -> None:
    """Documents are read in the server, or all of them by a process beside it."""
    if request.param == "in a process":
        monkeypatch.setattr("fashion_classifier.serving.json_bodies.LIGHT_BYTES", 0)
    else:
        for name in ("LIGHT_BYTES", "LIGHT_BRACKETS", "LIGHT_COMMAS"):
            monkeypatch.setattr(f"fashion_classifier.serving.json_bodies.{name}", 10**9)


class TestJson:
    def test_wherever_it_is_read_the_answers_are_the_same(self, server, monkeypatch):
        entries = [
            {"base64": encoded(picture()), "name": "a"},
            {"base64": encoded(picture("JPEG", (40, 40))), "name": "名前\ud800"},
            {"pixels": levels(picture()).tolist()},
            {"pixels": [[[1, 2, 3]] * 5] * 4, "name": "x" * 5000},
            {"pixels": [[0.5]]},
            {"base64": "?"},
            {"base64": ""},
        ]
        body = json.dumps({"images": entries}).encode()
        here = server.predict(body, kind="application/json").json()
        monkeypatch.setattr("fashion_classifier.serving.json_bodies.LIGHT_BYTES", 0)
        assert server.predict(body, kind="application/json").json() == here
        assert len(here["images"]) == len(entries)

    def test_what_is_long_to_parse_keeps_nobody_waiting(self, server, monkeypatch):
        """The server's own process parses none of it."""
        monkeypatch.setattr("fashion_classifier.serving.json_bodies.json", None)
        many = [[7] * 1000] * 1900
        for images in ([{"pixels": many}], [{"base64": "A" * (2 << 20)}], [{"pixels": [[0]] * 3000}]):
            answer = server.ask("POST", "/v1/predict", json={"images": images})
            assert answer.status_code in {200, 415, 422}
            assert "AttributeError" not in answer.text
        check_problem(server.ask("POST", "/v1/predict", json={"images": [{"pixels": [[0]]}]}), 500, "log")


class TestRefused:
    @pytest.mark.parametrize("name", HOSTILE_JSON)
    @pytest.mark.usefixtures("wherever")
    def test_hostile_json(self, server, name):
        body, status = HOSTILE_JSON[name]
        check_problem(server.predict(body, kind="application/json"), status)

    @pytest.mark.parametrize(
        ("kind", "body", "status"),
        [
            ("multipart/form-data", b"", 400),
            ("multipart/form-data", b"--x--", 400),
            ("multipart/form-data; boundary=", b"--x--", 400),
            ("multipart/form-data; boundary=" + "x" * 71, b"--x--", 400),
            ("multipart/form-data; boundary=x", b"--x--", 400),
            ("multipart/form-data; boundary=x", b"nonsense", 400),
            ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--\r\n", 400),
            (
                "multipart/form-data; boundary=x",
                b'--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\nabc',
                400,
            ),
            (
                "multipart/form-data; boundary=x",
                b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nabc\r\n--x--\r\n',
                422,
            ),
            (
                "multipart/form-data; boundary=x",
                b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n\r\n--x--\r\n',
                400,
            ),
            ("text/plain", b"abc", 415),
            ("application/x-www-form-urlencoded", b"a=b", 415),
            ("image/png", b"", 400),
            ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        ],
    )
    def test_other_bodies(self, server, kind, body, status):
        check_problem(server.predict(body, kind=kind), status)

    def test_no_content_type(self, server):
        check_problem(server.ask("POST", "/v1/predict", content=b"abc"), 415, "Content-Type")

    @pytest.mark.parametrize(
        ("query", "status"),
        [("?explain=maybe", 422), ("?else=true", 422), ("?%ff&" + "a=1&" * 20, 400), ("?explain", 422)],
    )
    def test_options_that_there_are_not(self, server, query, status):
        check_problem(server.predict(picture(), query), status)

    def test_too_many_pictures(self, server):
        files = [("images", (f"{number}.png", picture())) for number in range(33)]
        check_problem(server.ask("POST", "/v1/predict", files=files), 413, "32")
        entries = [{"pixels": [[0]]}] * 33
        check_problem(server.ask("POST", "/v1/predict", json={"images": entries}), 413, "32")
        check_problem(server.ask("POST", "/v1/predict?explain=1", json={"images": entries[:9]}), 413, "8")

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/predict", 405),
            ("POST", "/v1/model", 405),
            ("GET", "/etc/passwd", 404),
            ("GET", "/page/../app.py", 404),
        ],
    )
    def test_other_addresses(self, server, method, path, status):
        answer = server.ask(method, path)
        check_problem(answer, status)
        assert (status == 405) == ("allow" in answer.headers)

    @pytest.mark.parametrize("path", ["/%0A", "/docs%0A", "/%00", "/docs%2F", "//docs", "/%ff"])
    def test_addresses_with_odd_characters_are_no_fault_of_the_servers(self, server, path):
        assert server.ask("GET", path).status_code in {200, 404}

    def test_a_long_name_is_cut(self, server):
        entry = only(server.ask("POST", "/v1/predict", json={"images": [{"pixels": [[0]], "name": "x" * 5000}]}))
        assert entry["name"] == "x" * 200


def test_probabilities_sum_to_one(server):
    for seed in range(5):
        assert math.isclose(sum(only(server.predict(picture(seed=seed)))["probabilities"].values()), 1, abs_tol=1e-5)
