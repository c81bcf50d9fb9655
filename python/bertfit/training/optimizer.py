"""AdamWarmup: keras-bert's optimizer for Keras 2.11 and later.

The schedule and the arguments are keras-bert 0.89's: the rate rises linearly over `warmup_steps`, then
falls linearly to `min_lr` at `decay_steps`; Adam with bias correction; weight decay decoupled from the
gradient (Loshchilov & Hutter 2019), for weights selected by name. keras-bert's own class uses an optimizer API
that Keras dropped in 2.11, and ignores its `weight_decay_pattern`; this one applies it.

Like keras-bert's, the rate drops when the warmup ends: the decay line starts at step 0, not at the end of the
warmup. `training.schedule.learning_rate_at` computes the same schedule in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bertfit import _env
from bertfit.config import PretrainConfig, TrainConfig
from bertfit.errors import ArgumentError
from bertfit.settings import is_number

tf = _env.tensorflow()
keras = _env.keras()

#: Name patterns of the weights that decay in `Run`: embedding tables and matrices, not biases (the one by distance is
#: "Embedding-Relative/bias") or normalization.
DECAYED = ("embeddings", "kernel", "W1", "W2", "Wg", "Wk", "Wq", "Wv", "Wo", "pre_softmax", "post_softmax")


def _check(argument: str, value, low: float, above: bool = False, below: float = math.inf) -> None:
    if not (is_number(value, low, open_low=above) and value < below):
        rule = f"{'above' if above else 'at least'} {low}" + (f" and below {below}" if below < math.inf else "")
        raise ArgumentError(f"must be {rule}.", argument=argument, received=value)


@keras.saving.register_keras_serializable("bertfit")
class AdamWarmup(keras.optimizers.Optimizer):
    """Adam with linear warmup, linear decay and decoupled weight decay.

    Args:
        decay_steps: Step at which the rate reaches `min_lr`; it stays there.
        warmup_steps: Steps over which the rate rises from 0 to `learning_rate`.
        min_lr: Rate at the end.
        learning_rate: Highest rate. `lr` is keras-bert's name for it.
        beta_1, beta_2, epsilon: Adam's constants.
        weight_decay: Fraction of a weight, times the rate, subtracted per step.
        weight_decay_pattern: Weights whose name contains one of these decay; None means all.
        amsgrad: Divide by the largest second moment so far (Reddi et al. 2018).
        clip_norm: Largest global norm of the gradients, which are scaled down to it; None for no limit.
        name: Name of the optimizer.

    Raises:
        ArgumentError: A count or rate is out of range.

    >>> optimizer = AdamWarmup(decay_steps=100, warmup_steps=10, learning_rate=1e-4)
    >>> model.compile(optimizer, "binary_crossentropy")  # doctest: +SKIP
    """

    def __init__(
        self,
        decay_steps: int,
        warmup_steps: int,
        min_lr: float = 0.0,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.0,
        weight_decay_pattern: Sequence[str] | None = None,
        amsgrad: bool = False,
        clip_norm: float | None = None,
        name: str = "AdamWarmup",
        lr: float | None = None,
    ):
        learning_rate = learning_rate if lr is None else lr
        _check("decay_steps", decay_steps, 1)
        for argument, value in (("warmup_steps", warmup_steps), ("min_lr", min_lr), ("learning_rate", learning_rate),
                                ("weight_decay", weight_decay)):
            _check(argument, value, 0)
        for argument, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            _check(argument, value, 0, below=1)
        _check("epsilon", epsilon, 0, above=True)
        if clip_norm is not None:
            _check("clip_norm", clip_norm, 0, above=True)
        if isinstance(weight_decay_pattern, str):
            weight_decay_pattern = [weight_decay_pattern]
        # None turns Keras's own weight decay off; 0 would still subtract 0 from every weight at every step.
        super().__init__(name=name, weight_decay=None, global_clipnorm=clip_norm, jit_compile=False)
        self._learning_rate = self._build_learning_rate(float(learning_rate))
        self.decay_steps, self.warmup_steps, self.min_lr = float(decay_steps), float(warmup_steps), float(min_lr)
        self.beta_1, self.beta_2, self.epsilon = float(beta_1), float(beta_2), float(epsilon)
        self.decay, self.amsgrad = float(weight_decay), bool(amsgrad)
        with tf.init_scope():  # in a variable, so that graphs do not depend on these numbers
            self._schedule = tf.Variable([self.decay_steps, self.warmup_steps, self.min_lr, self.decay],
                                         name="schedule", dtype=tf.float32, trainable=False)
        self._now = None
        self.decay_pattern = None if weight_decay_pattern is None else tuple(weight_decay_pattern)

    def build(self, var_list):
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        self._built = True  # without it Keras sets no state that it reads from an HDF5 file
        self._momentums, self._velocities, self._velocity_hats = [], [], []
        for variable in var_list:
            self._momentums.append(self.add_variable_from_reference(variable, "m"))
            self._velocities.append(self.add_variable_from_reference(variable, "v"))
            if self.amsgrad:
                self._velocity_hats.append(self.add_variable_from_reference(variable, "vhat"))

    def scheduled_rate(self, step):
        """The learning rate of a step, counted from 1 (a float tensor)."""
        step = tf.cast(step, tf.float32)
        highest = tf.cast(self._learning_rate, tf.float32)
        decay_steps, warmup_steps, lowest, _ = tf.unstack(self._schedule)
        rising = highest * (1.0 / tf.maximum(warmup_steps, 1.0)) * step
        falling = lowest + (highest - lowest) * (1.0 - tf.minimum(step, decay_steps) * (1.0 / decay_steps))
        return tf.where(step <= warmup_steps, rising, falling)

    def _clip_gradients(self, grads):
        # Keras computes the norm before it sums the gradients of embedding rows that occur several times in a batch
        # (as [CLS] does): not the norm of the gradient, and another one when gradients are accumulated.
        return super()._clip_gradients(self._deduplicate_sparse_grad(grads))

    def _distributed_apply_gradients_fn(self, distribution, grads_and_vars, **kwargs):
        self._now = self._rates()  # once for all weights
        try:
            return super()._distributed_apply_gradients_fn(distribution, grads_and_vars, **kwargs)
        finally:
            self._now = None

    def _rates(self) -> tuple:
        """For the next step: the rate, beta_1 and beta_2 to its power, and the factor of a weight that decays."""
        step = tf.cast(self.iterations + 1, tf.float32)
        rate = self.scheduled_rate(step)
        beta_1_power, beta_2_power = tf.pow(self.beta_1, step), tf.pow(self.beta_2, step)
        # keras-bert scales the decay by the bias correction too.
        corrected = rate * tf.sqrt(1.0 - beta_2_power) / (1.0 - beta_1_power)
        return rate, beta_1_power, beta_2_power, 1.0 - corrected * self._schedule[3]

    def update_step(self, gradient, variable):
        index = self._index_dict[self._var_key(variable)]
        m, v = self._momentums[index], self._velocities[index]
        rate, beta_1_power, beta_2_power, left = self._rates() if self._now is None else self._now
        if self.decay and self._decays(variable):
            variable.assign(variable * left)  # before Adam's update: decay applies to the old weight
        arguments = {
            "var": variable.handle, "m": m.handle, "v": v.handle,
            "beta1_power": beta_1_power, "beta2_power": beta_2_power, "lr": rate,
            "beta1": self.beta_1, "beta2": self.beta_2, "epsilon": self.epsilon,
            # Dense: embedding rows that are not in the batch still move by their momentum, as in keras-bert.
            "grad": tf.convert_to_tensor(gradient),
        }
        if self.amsgrad:
            tf.raw_ops.ResourceApplyAdamWithAmsgrad(vhat=self._velocity_hats[index].handle, **arguments)
        else:
            tf.raw_ops.ResourceApplyAdam(**arguments)

    def _decays(self, variable) -> bool:
        return self.decay_pattern is None or any(part in variable.name for part in self.decay_pattern)

    def get_config(self):
        config = super().get_config()
        for own in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum",
                    "ema_overwrite_frequency", "jit_compile", "is_legacy_optimizer"):
            config.pop(own, None)
        return {
            **config,
            "decay_steps": self.decay_steps,
            "warmup_steps": self.warmup_steps,
            "min_lr": self.min_lr,
            "learning_rate": self._serialize_hyperparameter(self._learning_rate),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "weight_decay": self.decay,
            "weight_decay_pattern": None if self.decay_pattern is None else list(self.decay_pattern),
            "amsgrad": self.amsgrad,
            "clip_norm": self.global_clipnorm,
        }


def build_optimizer(config: TrainConfig | PretrainConfig, steps: int, variables: list) -> AdamWarmup:
    """The optimizer of a run of so many steps that trains `variables`."""
    optimizer = AdamWarmup(
        decay_steps=steps, warmup_steps=int(steps * config.warmup), min_lr=config.min_learning_rate,
        learning_rate=config.learning_rate, weight_decay=config.weight_decay, weight_decay_pattern=DECAYED,
        clip_norm=config.clip_norm,
    )
    optimizer.build(variables)
    return optimizer


class Update:
    """Computes gradients and applies them, with loss scaling if the precision is float16.

    In float16 the smallest gradients would be 0. The loss is therefore multiplied, and the gradients divided, by a
    factor that grows until a gradient overflows; that step is skipped and the factor lowered (Micikevicius et al.
    2018; Keras's `LossScaleOptimizer`). The other formats have float32's range and need no scaling.

    Args:
        optimizer: An `AdamWarmup` that was built.
        precision: "float32", "bfloat16" or "float16".
    """

    def __init__(self, optimizer: AdamWarmup, precision: str):
        self._scaling = keras.mixed_precision.LossScaleOptimizer(optimizer) if precision == "float16" else None
        self._optimizer = self._scaling or optimizer
        self._settings = [optimizer._learning_rate, optimizer._schedule]

    @property
    def state(self) -> list:
        """The variables to save for a run to be resumed."""
        if self._scaling is None:
            return list(self._optimizer.variables)
        scale = self._scaling._loss_scale.current_loss_scale  # the public attribute is a copy
        return [*self._optimizer.variables, scale, self._scaling.dynamic_counter]

    @property
    def variables(self) -> list:
        """All variables that `gradients` and `apply` use: the state, and the settings of the learning rate."""
        return [*self.state, *self._settings]

    def gradients(self, tape, loss, variables: list) -> list:
        """The gradients of a `loss` that `tape` recorded."""
        if self._scaling is None:
            return tape.gradient(loss, variables)
        with tape:
            loss = self._scaling.get_scaled_loss(loss)
        return self._scaling.get_unscaled_gradients(tape.gradient(loss, variables))

    def apply(self, gradients: list, variables: list) -> None:
        """One step of the optimizer."""
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
