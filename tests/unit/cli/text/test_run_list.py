from stagework.cli.text.run_list import objects, table
from stagework.overview.rows import rows
from tests.support.builders.written_runs import at, run_of, stage


def test_the_list_has_the_columns_of_kubectl_get() -> None:
    run = run_of(stage("img_gen", "Running"), age=60)
    lines = [line.plain for line in table(rows([run], at(0))).lines()]
    assert lines == [
        "NAME   STATUS    STAGE     PROGRESS   MACHINE   AGE",
        "ad-1   Running   img_gen   0/1        gpu       60s",
    ]


def test_wide_adds_attempts_node_and_message() -> None:
    titles = table(rows([run_of()], at(0)), wide=True).titles
    assert titles[-2:] == ("DURATION", "MESSAGE")


def test_all_namespaces_begin_with_the_namespace_and_are_ordered_by_it() -> None:
    listed = rows([run_of(name="b", namespace="z"), run_of(name="a", namespace="y")], at(0))
    assert [row.namespace for row in listed] == ["y", "z"]
    assert table(listed, namespaces=True).titles[0] == "NAMESPACE"


def test_a_run_without_a_title_is_called_by_its_name() -> None:
    listed = rows([run_of(), run_of(title="Shoes")], at(0))
    assert [row["title"] for row in objects(listed)] == ["ad-1", "Shoes"]
