"""A notebook whose next cell must work, wherever and whenever it continues."""

WORK = """
import sqlite3
import numpy as np, pandas as pd
from math import sqrt as root
numbers = [1, 2, [3]]
same = numbers
inner = numbers[2]
array = np.arange(12.0).reshape(3, 4)
view = array[1:, ::2]
table = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=3, tz="Europe/Berlin"),
                      "kind": pd.Categorical(["a", "b", "a"])})

class Model:
    made = []
    def __init__(self, data):
        self.data = data
        self.made.append(self)
    def total(self):
        return self.data.sum() * factor

model = Model(array)
factor = 2
twice = lambda x: x * factor
memory = sqlite3.connect(":memory:")
memory.execute("CREATE TABLE t (x)")
memory.execute("INSERT INTO t VALUES (42)")
memory.commit()
file = sqlite3.connect("app.db")
file.execute("CREATE TABLE IF NOT EXISTS t (x)")
file.execute("INSERT INTO t VALUES (7)")
file.commit()
generator = (n for n in numbers)
import random
random.seed(6)
"""

GOES_ON = """
assert same is numbers and inner is numbers[2]
assert view.base is not None and np.shares_memory(view, array)
view[0, 0] = -1
assert array[1, 0] == -1
assert model.data is array and type(model) is Model and Model.made == [model]
factor = 3
assert model.total() == 3 * array.sum() and twice(2) == 6 and root(9) == 3
assert table.day.dt.tz.key == "Europe/Berlin" and list(table.kind.cat.categories) == ["a", "b"]
assert memory.execute("SELECT x FROM t").fetchall() == [(42,)]
assert file.execute("SELECT x FROM t").fetchall() == [(7,)]
import pickle
assert type(pickle.loads(pickle.dumps(model))) is Model
print(random.random())
"""
"""Statements that the next cell of a notebook may contain."""
