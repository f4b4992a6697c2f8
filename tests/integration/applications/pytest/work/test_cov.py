from thing import thing


def test_thing():
    assert thing(1) == "less"
