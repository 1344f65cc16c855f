"""LogQL queries are found in Python programs, however they are assembled from strings."""

from tests.rules.python_strings import strings

PROGRAM = '''
"""{service_name="docstring"}"""
A = '{service_name="a"}'
def f(length, run):
    """{service_name="docstring"}"""
    lines = f'{{service_name="b"}} | id="{run}"'
    return f"sum(count_over_time({lines} [2h]))", f"count({A} [{length}])"
'''


def test_strings_are_filled_in() -> None:
    """Parts of a query are filled in: constants of the module, a range in brackets, and a word for the rest.

    Docstrings are left out.
    """
    found = list(strings(PROGRAM))
    assert '{service_name="a"}' in found
    assert 'sum(count_over_time({service_name="b"} | id="x" [2h]))' in found
    assert 'count({service_name="a"} [5m])' in found
    assert not [text for text in found if "docstring" in text]
