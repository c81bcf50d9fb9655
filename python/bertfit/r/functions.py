"""Every function that R calls: importing this module puts them all into the boundary's table.

`call` is the only entrance. An error made on purpose comes back as a code, a rule and details, any other with
code "internal"; nothing is raised through reticulate but an interrupt.

>>> call("train_steps", {"n": 2000, "batch_size": 70, "epochs": 1, "warmup": 0.1})
{'ok': True, 'value': [29, 2]}
"""

from __future__ import annotations

from bertfit.r import inference, models, sitrep, texts, training  # noqa: F401  (their functions join the table)
from bertfit.r.boundary import call

__all__ = ["call"]
