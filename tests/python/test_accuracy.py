"""Real text, a real encoder: the scores that the project promises, on the splits that others published.

`-s` prints the measured figures. Figures to compare with: a PyTorch fine-tuning of the same encoder on these
splits reached accuracy 0.994 and macro F1 0.987 on spam, and AUC 0.982 on the comments; a published frozen
bert-base on the spam split reached macro F1 0.84.
"""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

import bertfit

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def minilm(minilm_dir):
    return bertfit.load(minilm_dir, lower_case=True)


def three_parts(frame: pd.DataFrame, label: str):
    """70% of the rows, then the rest in half, stratified, seed 42."""
    train, rest = train_test_split(frame, test_size=0.3, random_state=42, stratify=frame[label])
    held, test = train_test_split(rest, test_size=0.5, random_state=42, stratify=rest[label])
    return train, held, test


@pytest.fixture(scope="module")
def sms(shared_data):
    train, held, test = three_parts(pd.read_csv(shared_data / "sms_spam.csv"), "label")
    assert (len(train), len(held), len(test)) == (3900, 836, 836)
    return train, held, test


def test_spam_with_everything_trained_reaches_the_promised_scores(minilm, sms):
    train, held, test = sms
    # A small encoder takes a larger rate than BERT-base's 5e-5; on the held-out rows 1e-4 has the lower loss.
    fitted = bertfit.fit(
        train, "text", "label", minilm, validation=held, epochs=2, learning_rate=1e-4, seed=42, verbose=0
    )
    report = fitted.evaluate(test)
    accuracy, macro_f1 = report["overall"]["accuracy"], report["averages"]["f1"][0]
    print(f"\nspam, full: accuracy {accuracy:.4f}, macro F1 {macro_f1:.4f}, {fitted.model.record['seconds']:.0f} s")
    assert accuracy >= 0.99
    assert macro_f1 >= 0.98


def test_spam_with_a_frozen_encoder_reaches_the_published_f1(minilm, sms):
    # The published setting: length 25, Dense 512 with ReLU, AdamW 1e-5, batch 16, 15 epochs, balanced classes.
    train, held, test = sms
    fitted = bertfit.fit(
        train, "text", "label", minilm, validation=held, head={"hidden": [512]}, epochs=15, batch_size=16,
        learning_rate=1e-5, max_len=25, freeze="encoder", class_weights="balanced", seed=42, verbose=0,
    )
    report = fitted.evaluate(test)
    macro_f1 = report["averages"]["f1"][0]
    print(f"\nspam, frozen: macro F1 {macro_f1:.4f}, {fitted.model.record['seconds']:.0f} s")
    assert macro_f1 >= 0.84


def test_toxicity_reaches_an_auc_of_0_97(minilm, shared_data):
    train, held, test = three_parts(pd.read_csv(shared_data / "wiki_toxicity.csv"), "target")
    fitted = bertfit.fit(
        train, "comment_text", "target", minilm, validation=held, epochs=3, max_len=64, seed=42, verbose=0,
    )
    auc = fitted.evaluate(test)["overall"]["auc"]
    print(f"\ntoxicity: AUC {auc:.4f}, {fitted.model.record['seconds']:.0f} s")
    assert auc >= 0.97
