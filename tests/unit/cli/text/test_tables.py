from stagework.cli.text.tables import Cell, Table, one_line


def test_columns_stand_below_each_other_and_lines_end_without_blanks() -> None:
    table = Table(("NAME", "AGE"), ((Cell("a-long-name"), Cell("5m")), (Cell("b"), Cell(""))))
    assert [line.plain for line in table.lines()] == ["NAME          AGE", "a-long-name   5m", "b"]


def test_korean_letters_take_two_columns() -> None:
    table = Table(("T", "X"), ((Cell("겨울"), Cell("1")), (Cell("abcd"), Cell("2"))))
    shown = [line.plain for line in table.lines()]
    assert shown[1] == "겨울   1"
    assert shown[2] == "abcd   2"


def test_letters_of_several_code_points_take_the_columns_that_a_terminal_gives_them() -> None:
    table = Table(("T", "X"), ((Cell("e\u0301"), Cell("1")), (Cell("abcd"), Cell("2"))))
    assert [line.plain for line in table.lines()][1] == "e\u0301      1"


def test_a_message_cannot_move_the_cursor_or_break_the_line() -> None:
    assert one_line("bad\x1b[2J\nnews\t!") == "bad news !"
