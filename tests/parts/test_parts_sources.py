"""Where parts come from: files that are mapped, row groups, chunks, blocks of Dask's."""

import os
import pickle

import numpy as np
import pytest

import fastopt
from fastopt.parts.arrays import Mapped, as_stored

RANDOM = np.random.default_rng(2)
X = RANDOM.uniform(-1, 1, (300, 3))
Y = np.sin(2 * X[:, 0]) * X[:, 1]
WEIGHTS = RANDOM.uniform(0.5, 2, 300)


def trained(parts):
    """Return the bits that three epochs lead to."""
    net = fastopt.MLP([3, 5, 1], random_state=0)
    net.fit(parts, optimizer="lm", epochs=3)
    return net.parameters.tobytes()


@pytest.fixture(scope="module")
def expected():
    return trained(fastopt.Parts.from_arrays(X, Y, rows=40))


def test_paths_and_memory_maps(tmp_path, expected):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", Y)
    paths = tmp_path / "X.npy", tmp_path / "y.npy"
    assert trained(fastopt.Parts.from_arrays(*paths, rows=40)) == expected
    maps = [np.load(path, mmap_mode="r") for path in paths]
    parts = fastopt.Parts.from_arrays(*maps, rows=40)
    assert trained(parts) == expected
    assert str(parts._sources[1]) == f"rows 40 to 80 of {tmp_path / 'X.npy'}"
    # What travels to a worker is where the rows are.
    assert len(pickle.dumps(parts._sources[1])) < 1000


def test_views_of_memory_maps_lie_where_they_lie(tmp_path):
    whole = np.arange(240.0).reshape(20, 12)
    for order in "CF":
        path = tmp_path / f"{order}.npy"
        np.save(path, np.asarray(whole, order=order))
        mapped = np.load(path, mmap_mode="r")
        for view in (
            mapped,
            mapped[3:],
            mapped[::2, 1::3],
            mapped[::-1],
            mapped.T[2],
            mapped[4:].view(np.uint64),
        ):
            stored = as_stored("X", view)
            assert isinstance(stored, Mapped)
            assert np.array_equal(pickle.loads(pickle.dumps(stored)).open(), view)
    with open(tmp_path / "raw.bin", "wb") as file:
        file.write(b"a header" + whole.tobytes())
    raw = np.memmap(tmp_path / "raw.bin", float, "r", offset=8, shape=(20, 12))
    assert np.array_equal(as_stored("X", raw[5:]).open(), whole[5:])


def test_a_map_without_a_file_is_in_memory(tmp_path):
    path = tmp_path / "gone.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    os.unlink(path)
    assert np.array_equal(as_stored("X", mapped).open(), X)


@pytest.mark.slow
def test_arrays_in_memory_are_written_once_for_processes(expected):
    with fastopt.Parts.from_arrays(X, Y, rows=40, executor="processes", workers=2) as parts:
        assert trained(parts) == expected
        folder = parts._folder.name
        assert sorted(os.listdir(folder)) == ["0.npy", "1.npy"]
    assert not os.path.exists(folder)


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_row_groups(tmp_path, expected, kind):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    table = pa.table({"a": X[:, 0], "y": Y, "b": X[:, 1], "v": WEIGHTS, "c": X[:, 2]})
    path = tmp_path / f"table.{kind}"
    if kind == "parquet":
        parquet.write_table(table, path, row_group_size=40)
    else:
        feather.write_feather(table, path, compression="uncompressed", chunksize=40)
    columns = ["a", "b", "c"]
    parts = fastopt.Parts.from_tables(path, "y", columns)
    assert len(parts) == 8
    assert trained(parts) == expected
    assert "of " + str(path) in str(parts._sources[3])
    weighted = fastopt.Parts.from_tables(path, "y", sample_weight="v")
    loaded = list(weighted)
    assert [part[0].shape for part in loaded[-2:]] == [(40, 3), (20, 3)]
    assert np.array_equal(np.concatenate([v for _, _, v in loaded]), WEIGHTS)
    assert trained(weighted) == trained(fastopt.Parts.from_arrays(X, Y, WEIGHTS, rows=40))
    two = fastopt.Parts.from_tables([path, path], ["y"], columns)
    assert len(two) == 16
    assert next(iter(two))[1].shape == (40, 1)
    batches = list(parts.batches(32, random_state=0))
    assert sum(len(y) for _, y in batches) == 300
    with pytest.raises(ValueError, match=r"no column 'z'; it has a, y, b, v, c"):
        fastopt.Parts.from_tables(path, "z")
    text = tmp_path / f"text.{kind}"
    table = table.append_column("t", pa.array(["u"] * 300))
    (parquet.write_table if kind == "parquet" else feather.write_feather)(table, text)
    with pytest.raises(fastopt.PartError, match=r"part 0, .*column 't' holds string"):
        fastopt.MLP([5, 3, 1]).fit(fastopt.Parts.from_tables(text, "y"), optimizer="lm")


def test_other_tables_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.csv: tables are read from \.parquet"):
        fastopt.Parts.from_tables(tmp_path / "table.csv", "y")


def test_zarr(tmp_path, expected):
    zarr = pytest.importorskip("zarr")
    inputs = zarr.open(
        str(tmp_path / "X.zarr"), mode="w", shape=X.shape, chunks=(20, 3), dtype="f8"
    )
    inputs[:] = X
    targets = zarr.open(str(tmp_path / "y.zarr"), mode="w", shape=Y.shape, chunks=(20,), dtype="f8")
    targets[:] = Y
    assert trained(fastopt.Parts.from_arrays(inputs, targets, rows=40)) == expected
    assert len(fastopt.Parts.from_arrays(inputs, targets)) == 1
    with fastopt.Parts.from_arrays(inputs, targets, rows=40, executor="threads") as parts:
        assert trained(parts) == expected


def test_dask_collections_without_a_cluster(expected):
    da = pytest.importorskip("dask.array")
    inputs, targets = da.from_array(X, (40, 2)), da.from_array(Y, 100)
    assert trained(fastopt.Parts.from_dask(inputs, targets)) == expected
    with pytest.raises(TypeError, match=r"X is a collection of Dask's: use Parts\.from_dask"):
        fastopt.Parts.from_arrays(inputs, Y)
    with pytest.raises(TypeError, match="y must be a dask"):
        fastopt.Parts.from_dask(inputs, Y)
