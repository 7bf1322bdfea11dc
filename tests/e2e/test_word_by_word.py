"""What a person writes into a stage arrives in the container as it was written."""

import json

from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell

TEXTS = {
    "dollars": "pa$$word $(STAGEWORK_RUN) cost $5 $HOME $",
    "currency": "price $€5, $가격",
    "lines": "one\ntwo\r\nthree\t\n",
    "spaces": "  leading and trailing  ",
    "unicode": "한국어 🙂 é",
    "bell": "bell\a",
    "empty": "",
}
PRINTS_VARIABLES = (
    "import json, os; print(json.dumps({k: [os.environ[k.upper()], "
    "os.environ['STAGEWORK_PARAM_' + k.upper()]] for k in json.loads(os.environ['NAMES'])}))"
)
PRINTS_ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"
PRINTS_HOME = (
    'mkdir -p "$HOME/.cache/model" && echo "$HOME" && test -w /dev/shm && df -k /dev/shm | tail -1'
)


def test_variables_params_and_arguments_arrive_as_written(space: Space) -> None:
    variables = [{"name": name.upper(), "value": text} for name, text in TEXTS.items()]
    names = {"name": "NAMES", "value": json.dumps(list(TEXTS))}
    prints = {"command": ["python3", "-c", PRINTS_VARIABLES], "env": [names, *variables]}
    words = ["price $€5, $가격", "$$(A)", "$(STAGEWORK_PARAM_CURRENCY)", "a $b"]
    argues = {"command": ["python3", "-c", PRINTS_ARGUMENTS], "args": words}
    run = run_of(
        "words",
        {**shell("variables", dependsOn=[]), **prints},
        {**shell("arguments", dependsOn=[]), **argues},
        shell("home", PRINTS_HOME, dependsOn=[]),
        params=TEXTS,
    )
    space.apply(run)
    space.wait_for_end("words", "Completed")

    assert json.loads(space.log_of("words", "variables")) == {k: [t, t] for k, t in TEXTS.items()}
    assert json.loads(space.log_of("words", "arguments")) == [
        *("price $€5, $가격", "$(A)", TEXTS["currency"], "a $b"),
    ]
    home, memory = space.log_of("words", "home").splitlines()
    assert home == "/work"
    assert memory.split()[1] == "65536"
    assert space.apply(run).out.endswith(" unchanged\n")
