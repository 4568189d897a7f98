"""Random operations on the files of a storage, beside a model of them."""

from __future__ import annotations

import random

from litestate.storage import Storage


def exercise_files(storage: Storage, seed: int) -> list[bytearray]:
    """Write, truncate and read both files; return what they must contain."""
    chance = random.Random(seed)
    models = [bytearray(), bytearray()]
    for _ in range(80):
        index = chance.randrange(2)
        file, model = storage.files[index], models[index]
        offset = chance.randrange(len(model) + 20)
        if chance.random() < 0.1:
            file.truncate(offset)
            model[offset:] = bytes(max(0, offset - len(model)))
        elif chance.random() < 0.6:
            data = chance.randbytes(chance.randrange(1, 150))
            file.write(offset, data)
            model.extend(bytes(max(0, offset - len(model))))
            model[offset : offset + len(data)] = data
        length = chance.randrange(300)
        assert file.read(offset, length) == model[offset : offset + length]
        assert file.size() == len(model)
    for file in storage.files:
        file.flush()
    return models
