# Written by tests/python/test_types.py.
from bertfit.text.special_tokens import SpecialTokens as SpecialTokens
from bertfit.text.vocabulary import Vocabulary as Vocabulary
from bertfit.text.vocabulary_files import read_sentencepiece as read_sentencepiece
from bertfit.text.vocabulary_files import read_vocabulary as read_vocabulary
from bertfit.text.encoding import Encoding as Encoding
from bertfit.text.encoding import PairForm as PairForm
from bertfit.text.encoding import truncated_pair_lengths as truncated_pair_lengths
from bertfit.text.tokenizer import Tokenizer as Tokenizer
from bertfit.text.windows import pooled as pooled
from bertfit.text.windows import shortened as shortened
from bertfit.text.windows import window_counts as window_counts
from bertfit.text.wordpiece import positions as positions
from bertfit.text.vocabulary_training import train_vocabulary as train_vocabulary
__all__: list[str]
