"""Reads the metrics of a server with the parser of the package prometheus_client.

For each line of its input, an object with `url` and `token`, it prints an array of metrics.
"""

import json
import sys
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families


def read(url: str, token: str) -> str:
    request = Request(url, headers={"authorization": f"Bearer {token}"})
    with urlopen(request) as response:
        return response.read().decode()


for line in sys.stdin:
    text = read(**json.loads(line))
    families = [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [
                [sample.name, sample.labels, sample.value] for sample in family.samples
            ],
        }
        for family in text_string_to_metric_families(text)
    ]
    print(json.dumps(families), flush=True)
