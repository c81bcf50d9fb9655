"""The boundary's functions for pretraining, and for what a pretrained model can say before it is fitted."""

from __future__ import annotations

import os
from typing import Any

from bertfit.boundary import exported, find, keep
from bertfit.plainvalues import as_list, build, whole


@exported
def pretrain(handle, data, control=None, heads=None, validation=None, out_dir=None, resume=False, progress=None):
    """Pretrain a model; the description of the new one.

    `data` and `validation` are the folder, or the files, of pretraining data.
    """
    from bertfit import loading
    from bertfit.callbacks import Report
    from bertfit.pretrain_config import PretrainConfig, PretrainHeads

    return keep(loading.pretrain(
        find(handle), _paths(data), validation=None if validation is None else _paths(validation),
        heads=None if heads is None else build(PretrainHeads, heads, "heads"),
        config=build(PretrainConfig, control, "control"), out_dir=out_dir, resume=bool(resume),
        callbacks=[Report(progress)] if progress is not None else [],
    ))


def _paths(given) -> str | list[str]:
    paths = [os.path.expanduser(path) for path in as_list(given)]
    return paths[0] if len(paths) == 1 else paths


@exported
def fill_mask(handle, texts, top=5) -> dict[str, Any]:
    """The likeliest tokens for every [MASK] as columns, see `fill_mask.fill_mask`."""
    from bertfit.fill_mask import fill_mask as fill
    from bertfit.rows import check_texts

    return fill(check_texts(texts)[0], find(handle), whole(top))


@exported
def next_sentence(handle, first, second):
    """Probabilities that each second text follows the first, see `fill_mask.next_sentence`."""
    from bertfit.fill_mask import next_sentence as follows
    from bertfit.rows import check_texts

    return follows(*check_texts(first, second), find(handle))


@exported
def export(handle, path, format) -> str:
    """Write a model for another program, see `export.export`; the absolute path."""
    from bertfit.export import export as write

    return write(find(handle), path, format)
