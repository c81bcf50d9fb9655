# Written by tests/python/test_types.py.
from bertfit.model.model import TOKEN_BUDGET as TOKEN_BUDGET
from bertfit.model.model import Model as Model
from bertfit.model.questions import Features as Features
from bertfit.model.questions import Logits as Logits
from bertfit.model.bare_vocabulary import BareVocabulary as BareVocabulary
from bertfit.model.unbuilt import Unbuilt as Unbuilt
from bertfit.model.opening import open_model as open_model
from bertfit.model.opening import open_unbuilt as open_unbuilt
from bertfit.model.fresh import fresh_model as fresh_model
from bertfit.model import bundle as bundle
from bertfit.model import persist as persist
from bertfit.model.exporting import export as export
__all__: list[str]
