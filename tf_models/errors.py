"""The one exception that is written for the person at the screen."""

from tf_models.locale import ENGLISH, say


class LabError(ValueError):
    """Names the offending value and the rule it breaks, in the words ``error.CODE`` of the catalogue.

    `code` and `values` let a page say the same sentence in the visitor's language; `str(error)` is the English one.
    """

    def __init__(self, code: str, /, **values: object):
        # plain values only: errors are pickled, kept as JSON, and said again in another language
        self.values = {
            name: value if isinstance(value, (int, float, str)) else str(value) for name, value in values.items()
        }
        super().__init__(say(ENGLISH, f"error.{code}", **self.values))
        self.code = code

    def __reduce__(self):  # crosses process boundaries: workers raise it, the server shows it
        return _rebuild, (self.code, self.values)


def _rebuild(code: str, values: dict[str, object]) -> LabError:
    return LabError(code, **values)
