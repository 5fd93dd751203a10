"""CSV files: the six Fashion parts, and Kaggle's form."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import DataError, FashionError, UsageError

PIXELS = [f"pixel{number}" for number in range(1, 785)]
HEADER = "label,pixel1,pixel2,pixel3,pixel4\n"
REPAIR = "Repair the row, or export the file again."
EXPORT = "Export the file again."
GREY = "grey levels are 0 to 255"
WHOLE = "grey levels are whole numbers from 0 to 255"
LABELS = "labels are whole numbers from 0 to 999,999,999, or names"


def read(place: Path, **options) -> RawCollection:
    return find_source(place).read(options=ReadOptions(**options))


def message(place: Path, **options) -> str:
    with pytest.raises(DataError) as caught:
        read(place, **options)
    assert caught.value.exit_code == 3
    return str(caught.value).replace(str(place), "FOLDER")


def rows_of(seed: int, n: int = 20) -> np.ndarray:
    generator = np.random.default_rng(seed)
    labels = np.arange(n)[:, None] % 10
    return np.hstack([labels, generator.integers(0, 256, (n, 784))])


def text_of(rows: np.ndarray, header: list[str] | None = None) -> str:
    lines = [",".join(header or ["label", *PIXELS])]
    return "\n".join([*lines, *(",".join(map(str, row)) for row in rows.tolist())]) + "\n"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Six training parts and the test part, twenty rows each."""
    for number in range(1, 7):
        (tmp_path / f"Fashion Train Data {number}.csv").write_text(text_of(rows_of(number)))
    (tmp_path / "Fashion Test Data.csv").write_text(text_of(rows_of(7)))
    return tmp_path


class TestSixParts:
    def test_they_are_merged_in_the_order_of_their_numbers(self, parts: Path):
        collection = read(parts)
        expected = np.vstack([rows_of(number) for number in range(1, 7)])
        assert collection.container == "six CSV parts"
        assert collection.training.classes == tuple("0123456789")
        np.testing.assert_array_equal(collection.training.labels, expected[:, 0])
        np.testing.assert_array_equal(collection.training.images.reshape(120, 784), expected[:, 1:])
        assert collection.training.images.flags.c_contiguous
        assert collection.test is not None
        np.testing.assert_array_equal(collection.test.images, rows_of(7)[:, 1:].reshape(-1, 28, 28))
        assert collection.claims_fashion_mnist

    def test_names_may_join_their_words_otherwise(self, parts: Path):
        (parts / "Fashion Train Data 2.csv").rename(parts / "fashion_train_data_2.CSV")
        (parts / "Fashion Train Data 3.csv").rename(parts / "FASHION-Train-Data-03.csv")
        (parts / "Fashion Train Data 4.csv").rename(parts / "Fashion Train Data 4 (1).csv")
        assert len(read(parts).training.labels) == 120

    def test_the_test_part_may_lack(self, parts: Path):
        (parts / "Fashion Test Data.csv").unlink()
        assert read(parts).test is None

    def test_all_files_are_listed_sorted(self, parts: Path):
        source = find_source(parts)
        assert source.location == parts
        assert list(source.files) == sorted(parts.iterdir())

    def test_progress_ends_at_the_size_of_all_files(self, parts: Path):
        calls = []

        def note(task: str, done: float, total: float, detail: str = "") -> None:
            calls.append((task, done, total))

        find_source(parts).read(progress=note)
        size = sum(file.stat().st_size for file in parts.iterdir())
        assert {task for task, _, _ in calls} == {"Reading six CSV parts"}
        assert calls[-1][1:] == (size, size)
        assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)

    def test_a_size_resizes_and_never_reinterprets(self, parts: Path):
        assert read(parts, image_size=(14, 56)).training.images.shape == (120, 14, 56)

    def test_a_missing_part_is_named(self, parts: Path):
        (parts / "Fashion Train Data 4.csv").unlink()
        assert message(parts) == (
            "Fashion Train Data 4.csv: the part is missing; parts 1 to 6 are expected. Put it beside the others."
        )

    def test_a_part_that_is_given_twice_by_name(self, parts: Path):
        (parts / "Fashion Train Data 4 (1).csv").write_text(text_of(rows_of(9)))
        assert message(parts) == (
            "Fashion Train Data 4.csv: part 4 is given twice, by this file and by Fashion Train Data 4 (1).csv. "
            "Remove one of them."
        )

    def test_a_part_that_is_given_twice_by_content(self, parts: Path):
        again = text_of(rows_of(2)).replace("\n", "\r\n")
        (parts / "Fashion Train Data 5.csv").write_text(again)
        assert message(parts) == (
            "Fashion Train Data 5.csv: its rows are the very rows of Fashion Train Data 2.csv; "
            "each part is expected once. Replace it by the right part."
        )

    def test_a_seventh_part_is_refused(self, parts: Path):
        (parts / "Fashion Train Data 7.csv").write_text(text_of(rows_of(9)))
        assert message(parts) == (
            "Fashion Train Data 7.csv: there is no part 7; the parts are 1 to 6. Rename or remove the file."
        )

    def test_the_test_part_given_twice(self, parts: Path):
        (parts / "fashion_test_data.csv").write_text(text_of(rows_of(9)))
        assert message(parts) == (
            "fashion_test_data.csv: the test part is given twice, by this file and by Fashion Test Data.csv. "
            "Remove one of them."
        )

    def test_other_than_784_columns_and_labels_from_0_to_9_are_refused(self, parts: Path):
        rows = rows_of(1)
        rows[1, 0] = 10
        (parts / "Fashion Train Data 1.csv").write_text(text_of(rows))
        (parts / "Fashion Train Data 2.csv").write_text(text_of(rows_of(2)[:, :-1], ["label", *PIXELS[:-1]]))
        more = np.hstack([rows_of(3), rows_of(3)[:, :1]])
        (parts / "Fashion Train Data 3.csv").write_text(text_of(more, ["label", *PIXELS, "pixel785"]))
        (parts / "Fashion Train Data 6.csv").write_text(text_of(rows_of(6)).replace("\n3,", "\nDress,", 1))
        assert message(parts).splitlines() == [
            f"Fashion Train Data 1.csv, line 3: label is 10; labels are 0 to 9. {REPAIR}",
            (
                "Fashion Train Data 2.csv, line 1: column pixel784 is missing; "
                "label and pixel1 to pixel784 are expected. "
                "Export the file again with all columns."
            ),
            (
                "Fashion Train Data 3.csv, line 1: column pixel785 is unknown; "
                "label and pixel1 to pixel784 are expected. "
                "Remove what is no pixel, or name it so."
            ),
            f"Fashion Train Data 6.csv, line 5: label is 'Dress'; labels are 0 to 9. {REPAIR}",
        ]

    def test_all_faults_of_all_files_come_together_in_order(self, parts: Path):
        rows = rows_of(3)
        rows[4, 97] = 300
        rows[2, 1] = -1
        (parts / "Fashion Train Data 3.csv").write_text(text_of(rows))
        (parts / "Fashion Train Data 1.csv").write_text("")
        (parts / "Fashion Train Data 2.csv").unlink()
        (parts / "Fashion Test Data.csv").write_text(text_of(rows_of(7)[:0]))
        assert message(parts).splitlines() == [
            f"Fashion Train Data 1.csv: the file is empty; a header and rows are expected. {EXPORT}",
            "Fashion Train Data 2.csv: the part is missing; parts 1 to 6 are expected. Put it beside the others.",
            f"Fashion Train Data 3.csv, line 4: pixel1 is -1; {GREY}. {REPAIR}",
            f"Fashion Train Data 3.csv, line 6: pixel97 is 300; {GREY}. {REPAIR}",
            f"Fashion Test Data.csv: there is a header but no row. {EXPORT}",
        ]


BAD_FILES = {
    "empty file": (b"", f"x.csv: the file is empty; a header and rows are expected. {EXPORT}"),
    "empty first line": (
        b"\n" + HEADER.encode() + b"0,1,2,3,4\n",
        f"x.csv, line 1: the line is empty; a header is expected. {EXPORT}",
    ),
    "header only": (HEADER, f"x.csv: there is a header but no row. {EXPORT}"),
    "no header": (
        "0,1,2,3,4\n1,1,2,3,4\n",
        (
            "x.csv, line 1: the first line holds numbers; a header is expected (label,pixel1,pixel2,…). "
            "Put a line with the names of the columns first."
        ),
    ),
    "semicolons": (
        "label;pixel1\n0;1\n",
        "x.csv, line 1: fields are separated by semicolons; commas are expected. Export the file with commas.",
    ),
    "tabs": (
        "label\tpixel1\n0\t1\n",
        "x.csv, line 1: fields are separated by tabs; commas are expected. Export the file with commas.",
    ),
    "no label": (
        "pixel1,pixel2,pixel3,pixel4\n1,2,3,4\n",
        (
            "x.csv, line 1: there is no column label; the columns are pixel1, pixel2, pixel3 and 1 more. "
            "Name the column of the labels so."
        ),
    ),
    "no pixels": (
        "label,a\n0,1\n",
        (
            "x.csv, line 1: there are no pixel columns, but a; they are called pixel1, pixel2 and so on, or 1x1, 1x2. "
            "Rename or add the columns; if this is a list of pictures, move it away and give each class a folder."
        ),
    ),
    "missing column": (
        "label,pixel1,pixel2,pixel4\n0,1,2,3\n",
        (
            "x.csv, line 1: column pixel3 is missing; label and pixel1 to pixel4 are expected. "
            "Export the file again with all columns."
        ),
    ),
    "many missing columns": (
        "label,pixel1,pixel9\n0,1,2\n",
        (
            "x.csv, line 1: columns pixel2, pixel3, pixel4 and 4 more are missing; label and pixel1 to pixel9 are "
            "expected. Export the file again with all columns."
        ),
    ),
    "huge column number": (
        "label,pixel1,pixel999999999\n0,1,2\n",
        (
            "x.csv, line 1: columns pixel2, pixel3, pixel4 and 999,999,994 more are missing; label and pixel1 to "
            "pixel999999999 are expected. Export the file again with all columns."
        ),
    ),
    "columns out of order": (
        "label,pixel1,pixel3,pixel2,pixel4\n0,1,2,3,4\n",
        (
            "x.csv, line 1: the columns are out of order: pixel3 stands before pixel2. "
            "Put them into the order pixel1 to pixel4."
        ),
    ),
    "grid without its end": (
        "label,1x1,1x2,1x3,2x1\n0,1,2,3,4\n",
        (
            "x.csv, line 1: columns 2x2, 2x3 are missing; label and 1x1 to 2x3 are expected. "
            "Export the file again with all columns."
        ),
    ),
    "grid out of order": (
        "label,1x1,2x1,1x2,2x2\n0,1,2,3,4\n",
        "x.csv, line 1: the columns are out of order: 2x1 stands before 1x2. Put them into the order 1x1 to 2x2.",
    ),
    "column twice": (
        "label,pixel1,pixel2,pixel2,pixel3,pixel4\n0,1,2,2,3,4\n",
        "x.csv, line 1: the columns are out of order: pixel2 stands twice. Put them into the order pixel1 to pixel4.",
    ),
    "unknown column": (
        "id,label,pixel1\n0,1,2\n",
        (
            "x.csv, line 1: column id is unknown; label and pixel1 to pixel1 are expected. "
            "Remove what is no pixel, or name it so."
        ),
    ),
    "no square": (
        "label,pixel1,pixel2\n0,1,2\n",
        (
            "x.csv, line 1: 2 pixel values are neither a square (grey) nor three times one (colour). "
            "Give the images' height and width, or repair the data."
        ),
    ),
    "short row": (
        HEADER + "0,1,2,3,4\n0,1,2,3\n",
        f"x.csv, line 3: the row has 4 fields, the header has 5. {REPAIR}",
    ),
    "short last row, torn": (
        HEADER + "0,1,2,3,4\n0,1",
        f"x.csv, line 3: the row has 2 fields, the header has 5. {REPAIR}",
    ),
    "long row": (HEADER + "0,1,2,3,4,5\n", f"x.csv, line 2: the row has 6 fields, the header has 5. {REPAIR}"),
    "trailing comma": (HEADER + "0,1,2,3,4,\n", f"x.csv, line 2: the row has 6 fields, the header has 5. {REPAIR}"),
    "empty line": (HEADER + "0,1,2,3,4\n\n1,1,2,3,4\n", f"x.csv, line 3: the line is empty. {REPAIR}"),
    "grey level above": (HEADER + "0,1,300,3,4\n", f"x.csv, line 2: pixel2 is 300; {GREY}. {REPAIR}"),
    "grey level below": (HEADER + "0,1,-2,3,4\n", f"x.csv, line 2: pixel2 is -2; {GREY}. {REPAIR}"),
    "decimal": (HEADER + "0,1,2.0,3,4\n", f"x.csv, line 2: pixel2 is '2.0'; {WHOLE}. {REPAIR}"),
    "exponent": (HEADER + "0,1,2e1,3,4\n", f"x.csv, line 2: pixel2 is '2e1'; {WHOLE}. {REPAIR}"),
    "blank before a number": (HEADER + "0,1, 2,3,4\n", f"x.csv, line 2: pixel2 is ' 2'; {WHOLE}. {REPAIR}"),
    "blank after a number": (HEADER + "0,1,2 ,3,4\n", f"x.csv, line 2: pixel2 is '2 '; {WHOLE}. {REPAIR}"),
    "tab before a number": (HEADER + "0,1,\t2,3,4\n", f"x.csv, line 2: pixel2 is '\\t2'; {WHOLE}. {REPAIR}"),
    "plus sign": (HEADER + "0,1,+2,3,4\n", f"x.csv, line 2: pixel2 is '+2'; {WHOLE}. {REPAIR}"),
    "other digits": (HEADER + "0,1,٢,3,4\n", f"x.csv, line 2: pixel2 is '٢'; {WHOLE}. {REPAIR}"),
    "no number": (HEADER + "0,1,abc,3,4\n", f"x.csv, line 2: pixel2 is 'abc'; {WHOLE}. {REPAIR}"),
    "long text": (HEADER + f"0,1,{'z' * 50},3,4\n", f"x.csv, line 2: pixel2 is '{'z' * 40}…'; {WHOLE}. {REPAIR}"),
    "empty field": (HEADER + "0,1,,3,4\n", f"x.csv, line 2: pixel2 is empty; {WHOLE}. {REPAIR}"),
    "blank field": (HEADER + "0,1, ,3,4\n", f"x.csv, line 2: pixel2 is empty; {WHOLE}. {REPAIR}"),
    "carriage return in a row": (
        HEADER + "0,1\r,2,3,4\n",
        (
            f"x.csv, line 2: the row has 2 fields, the header has 5. {REPAIR}\n"
            f"x.csv, line 3: the row has 4 fields, the header has 5. {REPAIR}"
        ),
    ),
    "NUL byte": (
        HEADER + "0,1,\0,3,4\n",
        f"x.csv, line 2: there is a NUL byte; the file is damaged, or no text. {REPAIR}",
    ),
    "not UTF-8": (
        HEADER.encode() + b"0,1,2,3,4\nH\xf6se,1,2,3,4\n",
        f"x.csv, line 3: the byte 0xF6 is not UTF-8. {REPAIR}",
    ),
    "UTF-16": (
        (HEADER + "0,1,2,3,4\n").encode("utf-16"),
        f"x.csv, line 1: there is a NUL byte; the file is damaged, or no text. {EXPORT}",
    ),
    "negative label": (HEADER + "-1,1,2,3,4\n", f"x.csv, line 2: label is -1; {LABELS}. {REPAIR}"),
    "decimal label": (HEADER + "1.5,1,2,3,4\n", f"x.csv, line 2: label is '1.5'; {LABELS}. {REPAIR}"),
    "no label's value": (HEADER + ",1,2,3,4\n", f"x.csv, line 2: label is empty; {LABELS}. {REPAIR}"),
    "huge label": (HEADER + "1000000000,1,2,3,4\n", f"x.csv, line 2: label is 1000000000; {LABELS}. {REPAIR}"),
    "a name among numbers": (
        HEADER + "0,1,2,3,4\nBag,1,2,3,4\n1,1,2,3,4\n",
        f"x.csv, line 3: label is 'Bag', while most labels of the file are numbers. {REPAIR}",
    ),
    "a number among names": (
        HEADER + "Hat,1,2,3,4\nBag,1,2,3,4\n1,1,2,3,4\n",
        f"x.csv, line 4: label is 1, while most labels of the file are names. {REPAIR}",
    ),
    "no group": (
        "label,group,pixel1\n0,a,1\n0,,1\n",
        f"x.csv, line 3: group is empty; every image belongs to a group. {REPAIR}",
    ),
    "open quotation mark": (
        HEADER + '0,1,2,3,4\n"Bag,1,2,3,4\n1,1,2,3,4\n',
        f"x.csv, line 3: the row cannot be split into fields (unexpected end of data). {REPAIR}",
    ),
    "endless line": (
        HEADER + "0,1,2,3,4\n" + "1" * (16 * 1024**2 + 1),
        f"x.csv, line 3: the line is longer than 16,777,216 characters. {REPAIR}",
    ),
    "several faults of a row": (
        HEADER + "x1.0,1,256,3,-4\n7,1,2,3,4\n8,1\n9,1,2,3,4\n",
        (
            f"x.csv, line 2: pixel2 is 256; {GREY}. {REPAIR}\n"
            f"x.csv, line 2: pixel4 is -4; {GREY}. {REPAIR}\n"
            f"x.csv, line 2: label is 'x1.0', while most labels of the file are numbers. {REPAIR}\n"
            f"x.csv, line 4: the row has 2 fields, the header has 5. {REPAIR}"
        ),
    ),
}


@pytest.mark.parametrize(("content", "expected"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_line_and_column(tmp_path: Path, content: str | bytes, expected: str):
    file = tmp_path / "x.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message(file) == expected


class TestKaggleForm:
    def test_train_validation_and_test_are_told_by_their_names(self, tmp_path: Path):
        for name, level in (("fashion-mnist_train", 1), ("fashion-mnist_val", 2), ("fashion-mnist_test", 3)):
            (tmp_path / f"{name}.csv").write_text(HEADER + f"0,{level},2,3,4\n7,5,6,7,8\n")
        collection = read(tmp_path)
        assert collection.validation is not None
        assert collection.test is not None
        parts = (collection.training, collection.validation, collection.test)
        assert [part.images[0, 0, 0] for part in parts] == [1, 2, 3]
        assert {part.classes for part in parts} == {("0", "7")}
        assert collection.training.labels.tolist() == [0, 1]
        assert collection.claims_fashion_mnist

    @pytest.mark.parametrize("name", ["anything.csv", "train.csv", "digits-train.CSV"])
    def test_one_file_is_training(self, tmp_path: Path, name: str):
        (tmp_path / name).write_text(HEADER + "0,1,2,3,4\n")
        collection = read(tmp_path)
        assert collection.training.images.tolist() == [[[1, 2], [3, 4]]]
        assert not collection.claims_fashion_mnist

    def test_a_file_that_is_named_itself_is_training_whatever_its_name(self, tmp_path: Path):
        file = tmp_path / "test.csv"
        file.write_text(HEADER + "0,1,2,3,4\n")
        assert find_source(file).files == (file,)
        assert read(file).training.labels.tolist() == [0]

    def test_a_lonely_test_file_is_refused(self, tmp_path: Path):
        (tmp_path / "test.csv").write_text(HEADER + "0,1,2,3,4\n")
        expected = "FOLDER: there is no training file, only test.csv. Add the file with train in its name."
        assert message(tmp_path) == expected

    def test_files_whose_part_is_not_clear_are_refused(self, tmp_path: Path):
        for name in ("train.csv", "train2.csv", "latest.csv"):
            (tmp_path / name).write_text(HEADER + "0,1,2,3,4\n")
        assert message(tmp_path) == (
            "latest.csv: the name does not say whether it is for training, validation or test. "
            "Put train, validation or test into its name as a word, or move it elsewhere.\n"
            "train2.csv: it is for training by its name, as is train.csv. Remove one of them."
        )

    def test_a_class_without_images_in_one_part_is_refused(self, tmp_path: Path):
        (tmp_path / "train.csv").write_text(HEADER + "Bag,1,2,3,4\nHat,1,2,3,4\n")
        (tmp_path / "test.csv").write_text(HEADER + "Bag,1,2,3,4\nShoe,1,2,3,4\n")
        everywhere = "every class needs images in every set. Add images of it there, or remove the class."
        assert message(tmp_path) == (
            f"FOLDER: class Hat has no image in the test set; {everywhere}\n"
            f"FOLDER: class Shoe has no image in the training set; {everywhere}"
        )

    @pytest.mark.parametrize(
        "header",
        ["label,pixel0,pixel1,pixel2,pixel3", "Label,PIXEL0001,Pixel0002,pixel0003,pixel 4", "label,1x1,1x2,2x1,2x2"],
    )
    def test_pixels_may_be_named_in_several_ways(self, tmp_path: Path, header: str):
        (tmp_path / "x.csv").write_text(f"{header}\n0,1,2,3,4\n")
        assert read(tmp_path).training.images.tolist() == [[[1, 2], [3, 4]]]

    def test_names_by_row_and_column_tell_height_and_width(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text("label,1x1,1x2,1x3,2x1,2x2,2x3\n0,1,2,3,4,5,6\n")
        assert read(tmp_path).training.images.tolist() == [[[1, 2, 3], [4, 5, 6]]]

    def test_the_label_may_stand_last(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text("pixel1,pixel2,pixel3,pixel4,label\n1,2,3,4,7\n")
        collection = read(tmp_path)
        assert collection.training.images.tolist() == [[[1, 2], [3, 4]]]
        assert collection.training.classes == ("7",)

    def test_three_times_a_square_is_colour(self, tmp_path: Path):
        header = "label," + ",".join(f"pixel{number}" for number in range(12))
        (tmp_path / "x.csv").write_text(f"{header}\n0,{','.join(map(str, range(12)))}\n")
        np.testing.assert_array_equal(read(tmp_path).training.images, np.arange(12).reshape(1, 2, 2, 3))

    def test_a_size_tells_how_to_read_a_row_that_fits_it(self, tmp_path: Path):
        header = "label," + ",".join(f"pixel{number}" for number in range(6))
        (tmp_path / "x.csv").write_text(f"{header}\n0,{','.join(map(str, range(6)))}\n")
        assert read(tmp_path, image_size=(2, 3)).training.images.tolist() == [[[0, 1, 2], [3, 4, 5]]]

    def test_a_size_resizes_rows_of_another_square(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text(HEADER + "0,9,9,9,9\n")
        assert read(tmp_path, image_size=(3, 2)).training.images.tolist() == [[[9, 9]] * 3]

    def test_labels_may_be_names_of_any_characters(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text(
            HEADER + '"T-shirt/top",1,2,3,4\nAnkle boot,1,2,3,4\nT-shirt/top,1,2,3,4\nHöschen+1,1,2,3,4\n'
        )
        training = read(tmp_path).training
        assert [training.classes[label] for label in training.labels] == [
            "T-shirt/top",
            "Ankle boot",
            "T-shirt/top",
            "Höschen+1",
        ]

    @pytest.mark.parametrize(
        "text",
        [
            (HEADER + "0,1,2,3,4\n1,5,6,7,8\n").replace("\n", "\r\n"),
            (HEADER + "0,1,2,3,4\n1,5,6,7,8\n").replace("\n", "\r"),
            HEADER + "0,1,2,3,4\n1,5,6,7,8",
            HEADER + "0,1,2,3,4\n1,5,6,7,8\n\n\n",
            "\ufeff" + HEADER + "0,1,2,3,4\n1,5,6,7,8\n",
            '"label","pixel1","pixel2","pixel3","pixel4"\n"0","1",2,3,4\n1,5,6,7,"8"\n',
            HEADER + "00,001,02,3,4\n1,5,6,7,8\n",
        ],
        ids=["Windows", "old Mac", "no last newline", "empty lines at the end", "BOM", "quotes", "leading zeros"],
    )
    def test_harmless_differences_of_form_are_read_alike(self, tmp_path: Path, text: str):
        (tmp_path / "x.csv").write_bytes(text.encode())
        training = read(tmp_path).training
        assert training.images.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
        assert (training.classes, training.labels.tolist()) == (("0", "1"), [0, 1])

    def test_a_group_column_is_taken(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text("label,group,pixel1\n0,coat 1,1\n1,coat 1,2\n1,hat,3\n")
        groups = read(tmp_path).training.groups
        assert groups is not None
        assert groups.tolist() == ["coat 1", "coat 1", "hat"]

    def test_a_group_column_may_be_named(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text("Garment,label,pixel1\n7,0,1\n8,1,2\n")
        groups = read(tmp_path, group_by="garment").training.groups
        assert groups is not None
        assert groups.tolist() == ["7", "8"]

    def test_a_group_column_that_is_not_there_is_wrong_usage(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text(HEADER + "0,1,2,3,4\n")
        with pytest.raises(UsageError) as caught:
            read(tmp_path, group_by="garment")
        assert str(caught.value) == (
            "x.csv, line 1: there is no column 'garment' to group by; "
            "the columns are label, pixel1, pixel2 and 2 more. Name one of these."
        )

    def test_only_the_first_thousand_faults_are_listed(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text(HEADER + "0,1,2,3,256\n" * 5000)
        with pytest.raises(DataError) as caught:
            read(tmp_path)
        assert len(caught.value.faults) == 1001
        assert str(caught.value.faults[-1]) == (
            "x.csv, line 1001: this is fault 1,000 of the file; what follows is not listed. Export the file again."
        )

    def test_a_file_that_has_gone_is_a_fault(self, tmp_path: Path):
        file = tmp_path / "x.csv"
        file.write_text(HEADER + "0,1,2,3,4\n")
        source = find_source(file)
        file.unlink()
        with pytest.raises(DataError) as caught:
            source.read()
        assert str(caught.value) == (
            "x.csv: the file cannot be read (No such file or directory). Check the file and its permissions."
        )

    def test_a_file_of_many_blocks_is_read_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Blocks are cut at line ends, wherever these fall."""
        rows = rows_of(1, n=50)
        (tmp_path / "x.csv").write_text(text_of(rows))
        for size in (1000, 2900, 100_000):
            monkeypatch.setattr("fashion_classifier.data.csv_tables.BLOCK", size)
            np.testing.assert_array_equal(read(tmp_path).training.images.reshape(50, 784), rows[:, 1:])


names = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8).filter(
    lambda text: (
        any(character.isalpha() for character in text)
        and text.strip().lower() not in {"nan", "inf"}
        and not any(character.isdigit() for character in text)
    )
)


@given(
    rows=st.lists(st.tuples(names, st.lists(st.integers(0, 255), min_size=4, max_size=4)), min_size=1, max_size=9),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, rows, quoting, end):
    """The fast and the exact reader agree with Python's writer on names of any characters."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=end)
    writer.writerow(["label", "pixel1", "pixel2", "pixel3", "pixel4"])
    writer.writerows([name, *levels] for name, levels in rows)
    file = tmp_path_factory.getbasetemp() / "written.csv"
    file.write_bytes(text.getvalue().encode())
    training = read(file).training
    assert [training.classes[label] for label in training.labels] == [name for name, _ in rows]
    assert training.images.flags.c_contiguous
    assert training.images.reshape(len(rows), 4).tolist() == [levels for _, levels in rows]


lines = st.lists(
    st.sampled_from([b"0,1,2,3,4", b"0", b",", b'"', b"\n", b"\r", b"-1", b" ", b"\0", b"\xff", b"300", b"Bag", b"+1"])
).map(b"".join)


@given(content=st.one_of(st.binary(max_size=60), lines, lines.map(lambda text: HEADER.encode() + text)))
def test_random_bytes_end_in_data_or_in_a_fault(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    file = tmp_path_factory.getbasetemp() / "random.csv"
    file.write_bytes(content)
    try:
        training = read(file).training
    except FashionError as error:
        assert isinstance(error, DataError)  # noqa: PT017 - both outcomes are right
    else:
        assert len(training.images) == len(training.labels) > 0
