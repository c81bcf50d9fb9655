"""One epoch over the Wikipedia comments at their real lengths (at most 256 tokens), MiniLM, batch 32.

Against transformers' Trainer with its defaults (dynamic padding, bfloat16), and against keras-bert's own layers, as in
reference D: in float32 with every row padded to 256. bertfit trains the whole epoch of 1,492 rows, start-up of the run
included; the Trainer is timed on every third row, keras-bert on 160 rows, and rows per second are compared. Every side
tokenizes, trains all layers and returns its mean training loss, which shows that it learns.

Run: bench/epoch.py [repeats]
"""

from __future__ import annotations

import os

from harness import SCRATCH, Row, Side, compare, main, sized
from models import comments

BATCH, MAX_LEN = 32, 256
TRAINER_EVERY, STOCK_ROWS = 3, sized(160, 32)


def bertfit():
    """`bertfit.fit` for one epoch."""
    import bertfit as core

    texts, targets = comments()
    model = core.load("minilm-l6-uncased")

    def run() -> float:
        fitted = core.fit(None, texts, targets, model, task="binary", epochs=1, batch_size=BATCH, max_len=MAX_LEN,
                          validation=0, seed=1, verbose=0, learning_rate=5e-5)
        return fitted.model.record["history"]["loss"][0]

    return run


def trainer():
    """The Trainer of transformers."""
    import torch
    import transformers as hf

    from bertfit.checkpoints import registry

    hf.logging.set_verbosity_error()
    folder = str(registry.folder(registry.find("minilm-l6-uncased")))
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    texts, targets = (part[::TRAINER_EVERY] for part in comments())

    def run() -> float:
        torch.manual_seed(1)
        model = hf.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
        encoded = tokenizer(texts, truncation=True, max_length=MAX_LEN)
        rows = [{"input_ids": ids, "labels": label}
                for ids, label in zip(encoded["input_ids"], targets, strict=True)]
        arguments = hf.TrainingArguments(str(SCRATCH / "trainer"), num_train_epochs=1, bf16=True, use_cpu=True,
                                         per_device_train_batch_size=BATCH, save_strategy="no", report_to="none",
                                         disable_tqdm=True, logging_strategy="no")
        done = hf.Trainer(model, arguments, train_dataset=rows,
                          data_collator=hf.DataCollatorWithPadding(tokenizer)).train()
        return done.training_loss

    return run


def stock():
    """keras-bert's own layers, tokenizer and optimizer settings, as reference D uses them."""
    os.environ["TF_KERAS"] = "1"
    from bertfit import _env

    _env.tensorflow()
    import keras_bert
    import numpy as np
    import tf_keras

    from bertfit.checkpoints import registry
    from bertfit.checkpoints.checkpoint import open_checkpoint
    from bertfit.model.model import Model
    from bertfit.training.optimizer import AdamWarmup

    folder = registry.folder(registry.find("minilm-l6-uncased"))
    loaded = Model.from_checkpoint(open_checkpoint(folder))
    config = loaded.config
    weights = loaded.weights()
    tokenizer = keras_bert.Tokenizer(keras_bert.load_vocabulary(str(folder / "vocab.txt")))
    texts, targets = comments()
    texts, targets = texts[:STOCK_ROWS], np.array(targets[:STOCK_ROWS], np.float32)

    def run() -> float:
        tf_keras.backend.clear_session()
        model = keras_bert.get_model(
            config.vocab_size, head_num=config.num_attention_heads, transformer_num=config.num_hidden_layers,
            embed_dim=config.hidden_size, feed_forward_dim=config.intermediate_size, seq_len=MAX_LEN,
            pos_num=config.max_position_embeddings, dropout_rate=0.1, training=True, trainable=True)
        for name, arrays in weights.items():
            model.get_layer(name).set_weights(arrays)
        output = tf_keras.layers.Dense(1, "sigmoid")(model.get_layer("NSP-Dense").output)
        model = tf_keras.Model(model.inputs[:2], output)
        model.compile(AdamWarmup(len(texts) // BATCH, 0, learning_rate=5e-5), "binary_crossentropy")
        ids, segments = (np.array(part) for part in
                         zip(*(tokenizer.encode(text, max_len=MAX_LEN) for text in texts), strict=True))
        done = model.fit([ids, segments], targets, batch_size=BATCH, epochs=1, verbose=0)
        return done.history["loss"][0]

    return run


def measure(repeats: int = 5) -> list[Row]:
    """The rows of the table, one per peer."""
    with Side(__file__, "bertfit") as ours, Side(__file__, "trainer") as theirs, Side(__file__, "stock") as old:
        sides = {"bertfit": ours, "Trainer": theirs, "keras-bert": old}
        seconds = compare({name: side.run for name, side in sides.items()}, repeats)
        for name, side in sides.items():
            limit = sized(0.69 if name == "bertfit" else 0.75, 2.0)
            assert side.answer < limit, f"{name} does not learn: {side.answer}"
    rows = {"bertfit": len(comments()[0]), "Trainer": len(comments()[0][::TRAINER_EVERY]), "keras-bert": STOCK_ROWS}
    rate = {name: rows[name] / value for name, value in seconds.items()}
    peers = (("Trainer", "transformers Trainer, dynamic padding, bfloat16", 1.5),
             ("keras-bert", "stock keras-bert, padded to 256", 4.0))
    return [Row("one epoch of real comments, MiniLM", peer, target, rate["bertfit"] / rate[name],
                detail=f"{rate['bertfit']:.1f} and {rate[name]:.1f} rows/s; our epoch {seconds['bertfit']:.1f} s")
            for name, peer, target in peers]


if __name__ == "__main__":
    main(measure)
