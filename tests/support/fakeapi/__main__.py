"""The fake cluster as a process of its own: `python -m tests.support.fakeapi --machines gpu=4`.

Prints its URL on one line and runs until it is ended; so a bench measures the operator's CPU
alone. `GET /stats` on the second URL that it prints answers what the invariants saw.
"""

import argparse
import asyncio
import sys

import orjson
from aiohttp import web

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import Json
from tests.support.fakeapi.server import FakeApi
from tests.support.fakeapi.simulator import Delays, Simulator


def _machines(text: str) -> dict[str, int]:
    pairs = (pair.split("=") for pair in text.split(",") if pair)
    return {name: int(count) for name, count in pairs}


async def _main(options: argparse.Namespace) -> None:
    def behave(_pod: Json) -> Behaviour:
        return Behaviour(seconds=options.stage_seconds)

    async with FakeApi(port=options.port) as fake:
        fake.record.bodies = False
        delays = Delays(create=options.create_seconds, end=options.end_seconds)
        with_cluster = Simulator(fake.store, behave=behave, delays=delays)
        with_cluster.add_machines(**_machines(options.machines))

        async def stats(_request: web.BaseRequest) -> web.Response:
            invariants = with_cluster.invariants
            figures = {
                "processes": len(invariants.runs),
                "ended": sum(run.ended is not None for run in invariants.runs),
                "doubled": len(invariants.doubled()),
                "overlaps": len(invariants.overlaps()),
                "requests": dict(fake.record.counts),
                "version": fake.store.version,
            }
            return web.Response(body=orjson.dumps(figures))

        runner = web.ServerRunner(web.Server(stats, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stats_url = f"http://127.0.0.1:{runner.addresses[0][1]}/stats"
        sys.stdout.write(f"{fake.url} {stats_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(prog="fakeapi", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--machines", default="gpu=4,macmini=4,macbook=4")
    parser.add_argument("--stage-seconds", type=float, default=0.0)
    parser.add_argument("--create-seconds", type=float, default=0.0)
    parser.add_argument("--end-seconds", type=float, default=0.0)
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
