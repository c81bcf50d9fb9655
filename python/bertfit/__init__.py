"""bertfit: fine-tune, evaluate and use BERT models, from Python and from R.

>>> import bertfit
>>> bertfit.models()["name"][:2]                                            # doctest: +SKIP
>>> model = bertfit.load("minilm-l6-uncased")                               # doctest: +SKIP
>>> spam = bertfit.fit(frame, "text", "type", model, epochs=2)              # doctest: +SKIP
>>> spam.predict(["call now to claim your prize"], type="class")            # doctest: +SKIP
>>> spam.evaluate(test_frame)["overall"]                                    # doctest: +SKIP
>>> spam.save("spam-model"); bertfit.load("spam-model")                     # doctest: +SKIP

| name | what it does |
| --- | --- |
| `load(x)` | opens a model by name, folder or its id on the Hugging Face hub; a `Bert` |
| `fit(data, text, target, model, ...)` | fine-tunes it; a new `Bert` |
| `Bert` | `.predict`, `.evaluate`, `.embed`, `.tokenize`, `.fill_mask`, `.next_sentence`, `.save`, `.export` |
| `train_vocabulary(source, size, type)` | makes a WordPiece or SentencePiece vocabulary from texts; a `Vocabulary` |
| `init(config, vocabulary)` | a model with fresh weights, to pretrain; a `Bert` |
| `make_pretraining_data(corpus, vocabulary, out_dir)` | masked pairs of sentences, in Google's files |
| `pretrain(model, data, ...)` | pretrains it; a new `Bert` |
| `read_folders(path)` | texts in a folder per label, such as aclImdb/train/pos; a DataFrame |
| `models()`, `download(name)` | the models known by name, and recommended classifiers; fetches one into the cache |
| `keras_model(model)` | a copy of a model as a tf_keras model |
| `custom_objects()` | the classes that Keras needs to open such a model from a file |
| `AdamWarmup`, `train_steps(...)` | the Keras optimizer with warmup; number of optimizer steps of a training run |
| `BertConfig` | sizes of an encoder; `BertConfig.from_preset(name)` for published ones |
| `HeadConfig`, `TrainConfig` | settings of the head and of training |
| `PretrainHeads`, `PretrainConfig` | the same for pretraining |
| `Callback` | base class of objects whose methods `fit` and `pretrain` call after steps and epochs |
| `BertClassifier`, `BertRegressor`, `BertEmbedder` | estimators for scikit-learn |
| `BertfitError` | base of every error raised on purpose |
| `TruncationWarning`, `MissingTextWarning` | warnings about cut and missing texts; `BertfitWarning` is their base |
| `OfflineWarning` | the hub did not answer, and what is in the cache was opened |
| `FreshPoolerWarning`, `UnusedTensorsWarning` | a checkpoint has no pooler, or tensors that are not used |
| `LeftOutWarning`, `EmptyClassWarning` | files of a folder that were not read; categories without rows |

Importing bertfit does not import TensorFlow; the first call that needs it does. The R package uses the same code,
through `bertfit.r`.
"""

from __future__ import annotations

from bertfit._exports import lazy_exports

__version__ = "0.1.0"

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "frames": "Bert custom_objects fit init keras_model load pretrain read_folders",
    "checkpoints": "download models",
    "config": "BertConfig HeadConfig PretrainConfig PretrainHeads TrainConfig",
    "corpus": "make_pretraining_data",
    "errors": "BertfitError",
    "estimators": "BertClassifier BertEmbedder BertRegressor",
    "notices": "BertfitWarning EmptyClassWarning FreshPoolerWarning LeftOutWarning MissingTextWarning OfflineWarning "
               "TruncationWarning UnusedTensorsWarning",
    "text": "Vocabulary train_vocabulary",
    "training": "AdamWarmup Callback train_steps",
}, {"pretrain_model": "pretrain", "download_model": "download"})
