"""What `Model.run` can compute: logits, or pooled hidden states.

Equal values of these classes share one traced function per precision.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from bertfit.errors import ArgumentError, Function, Sentence

if TYPE_CHECKING:
    from bertfit.model.model import Model


@dataclasses.dataclass(frozen=True)
class Logits:
    """The logits [n, K] of a fitted model."""

    def width(self, model: Model) -> int:
        """Columns of the result."""
        self._require_head(model)
        return model.task.n_outputs

    def function(self, model: Model) -> Callable:
        """The function from [tokens, segments], `training` and `prepared` (see `Encoder.states`) to the result.

        Raises:
            ArgumentError: The model is not fitted.
        """
        self._require_head(model)
        return model.apply

    @staticmethod
    def _require_head(model: Model) -> None:
        if not model.fitted:
            raise ArgumentError("must be fitted before it can predict.", [Sentence("Fit it with {}.", Function("fit"))],
                                argument="model")


@dataclasses.dataclass(frozen=True)
class Features:
    """Pooled hidden states [n, H * len(layers)]; `pooling` and `layers` as in `HeadConfig`."""

    pooling: str
    layers: tuple[int, ...]

    def width(self, model: Model) -> int:
        """Columns of the result."""
        return model.config.hidden_size * (1 if self.pooling == "nsp" else len(self.layers))

    def function(self, model: Model) -> Callable:
        """The function from [tokens, segments], `training` and `prepared` (see `Encoder.states`) to the result."""
        from bertfit.network import pooling_function

        return pooling_function(model.encoder, self.pooling, self.layers)
