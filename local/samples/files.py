"""Writes the sample events: ``events/`` as documentation, checked in, ``.local/events/`` for the practice that runs.

``python -m local.samples.files`` writes the former; a test fails when it is out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.samples.catalogue import SAMPLES, Sample
from local.samples.given import DOCUMENTED, Given
from local.template import ROOT

DOCUMENTATION = ROOT / "events"

HEAD = """# Sample events

One for every function and every route of `template.yaml`, in the shape in which the service delivers it.
`local/samples/catalogue.py` makes them; `.venv/bin/python -m local.samples.files` writes them.

The ids here are made up, and the hook's signature was good for five minutes. The same events with ids that exist, dates
from today and a fresh signature are in `.local/events/`: `make run` writes them, `make events` writes them again. Their
clients are those of a provider of their own, `prov-events`; a call about them needs `--provider prov-events`.
*Again* tells whether the same event may be sent a second time, to be answered alike. Where it may not, or once the
state is another, `make events` makes new ones. The clean-up starts an unstarted bulk archive after ten minutes.

```sh
make invoke F=archive_client          # the event .local/events/archive_client.json
make invoke F=ScheduledCleanup
```

| Event | Function | Needs | The answer has | Again |
|---|---|---|---|---|
"""


def text(sample: Sample, given: Given) -> str:
    """Return a sample as it is written to its file."""
    return json.dumps(sample.event(given), indent=2, ensure_ascii=False) + "\n"


def documentation() -> dict[str, str]:
    """Return the files of ``events/`` by name."""
    return {**{f"{one.name}.json": text(one, DOCUMENTED) for one in SAMPLES}, "README.md": HEAD + "".join(_rows())}


def _rows() -> Iterator[str]:
    for sample in SAMPLES:
        answer = json.dumps(sample.answer(DOCUMENTED))
        if sample.afterwards:
            route, shown = sample.afterwards
            answer = f"{answer}`; afterwards `{route}` has `{json.dumps(shown)}"
        again = "yes" if sample.again else "no"
        yield f"| `{sample.name}` | `{sample.function}` | {sample.need.value} | `{answer}` | {again} |\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder that holds nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write(DOCUMENTATION, documentation())
