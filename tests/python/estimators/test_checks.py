"""scikit-learn's own checks. They make numbers, so the estimators are wrapped to read a row of numbers as a text;
checks of what only numbers can be are expected to fail, each for the reason given.

Every check of the two that fit takes a few fits, so `CHECKS` are run; BERTFIT_ALL_CHECKS=1 runs all.
"""

import os

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from bertfit.estimators.classifier import BertClassifier
from bertfit.estimators.embedder import BertEmbedder
from bertfit.estimators.regressor import BertRegressor
from bertfit.frames.bert import Bert
from toys.estimators import ClassifierOfNumbers, EmbedderOfNumbers, RegressorOfNumbers
from toys.models import toy_model

TOY = Bert(toy_model())
FAST = {"validation": 0.0, "freeze": "encoder", "head": {"pooling": "mean"}, "learning_rate": 0.05,
        "precision": "float32", "random_state": 0}
CLASSIFIER = ClassifierOfNumbers(TOY, epochs=6, **FAST)
REGRESSOR = RegressorOfNumbers(TOY, epochs=20, **FAST)

EXPECTED = {
    "check_n_features_in": "texts have no features to count",
    "check_n_features_in_after_fitting": "texts have no features to count",
    "check_transformer_general": "it also asks for an error when the number of features changes",
    "check_estimators_empty_data_messages": "a row without numbers is an empty text, which is allowed",
    "check_estimators_nan_inf": "the error speaks of missing texts, not of NaN",
    "check_complex_data": "the error speaks of texts, not of complex numbers",
    "check_sample_weight_equivalence_on_dense_data": "rows of weight 0 still take a place in a batch",
}
CHECKS = {
    "check_classifiers_one_label", "check_classifiers_classes", "check_classifiers_regression_target",
    "check_estimators_overwrite_params", "check_estimators_unfitted", "check_regressors_int", "check_set_params",
    "check_get_params_invariance", "check_parameters_default_constructible", "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params", "check_supervised_y_no_nan", "check_requires_y_none",
    "check_supervised_y_2d", "check_sample_weights_shape", "check_estimator_sparse_array", "check_estimator_repr",
    "check_valid_tag_types", "check_mixin_order", "check_estimator_cloneable", "check_fit_check_is_fitted",
}


def name_of(check) -> str:
    return getattr(check, "func", check).__name__


def run(estimator, check):
    if name_of(check) in EXPECTED:
        with pytest.raises((AssertionError, ValueError)):
            check(estimator)
    else:
        check(estimator)


@parametrize_with_checks([EmbedderOfNumbers(TOY)])
def test_the_embedder(estimator, check):
    run(estimator, check)


@parametrize_with_checks([CLASSIFIER, REGRESSOR])
def test_the_classifier_and_the_regressor(estimator, check):
    if name_of(check) not in CHECKS and not os.environ.get("BERTFIT_ALL_CHECKS"):
        pytest.skip("only with BERTFIT_ALL_CHECKS=1: it fits several times")
    run(estimator, check)


@pytest.mark.parametrize("estimator", [BertClassifier(TOY), BertRegressor(TOY), BertEmbedder(TOY)],
                         ids=lambda estimator: type(estimator).__name__)
def test_the_estimators_themselves_say_that_they_take_text(estimator):
    with pytest.warns(UserWarning, match="Can't test estimator"):  # all but the first checks make numbers
        assert all(result["status"] == "passed" for result in check_estimator(estimator))
    tags = estimator.__sklearn_tags__().input_tags
    assert tags.string and tags.one_d_array and not tags.two_d_array
