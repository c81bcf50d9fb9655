# Written by tests/python/test_types.py.
from bertfit.rows.folders import FolderTexts as FolderTexts
from bertfit.rows.folders import folder_texts as folder_texts
from bertfit.rows.table import Rows as Rows
from bertfit.rows.targets import LARGEST as LARGEST
from bertfit.rows.targets import check_targets as check_targets
__all__: list[str]
