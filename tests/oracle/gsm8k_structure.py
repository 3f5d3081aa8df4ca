"""What GSM8K's calculations look like: the statistics that datasets/calculations follows.

Usage: python tests/oracle/gsm8k_structure.py ../shared/data/gsm8k/test.jsonl
"""

import json
import re
import sys
from collections import Counter

CALCULATION = re.compile(r"<<([^=<>]+)=([^<>]+)>>")
NUMBER = re.compile(r"\d+(?:\.\d+)?")

steps, operators, operands, earlier, first, integers = Counter(), Counter(), Counter(), Counter(), Counter(), Counter()
for line in open(sys.argv[1], encoding="utf-8"):
    results = []
    for expression, result in CALCULATION.findall(json.loads(line)["answer"]):
        numbers = NUMBER.findall(expression)
        symbols = re.findall(r"(?<=[\d)%])\s*([-+*/])", expression)
        integers["integers only" if all("." not in n for n in [*numbers, result]) else "with decimals"] += 1
        operands[len(numbers)] += 1
        operators.update(symbols)
        if results:
            earlier["uses the last result" if results[-1] in numbers else
                    "uses an older result" if set(results) & set(numbers) else "starts anew"] += 1
            if results[-1] in numbers:
                first["last result first" if numbers[0] == results[-1] else "last result later"] += 1
        results.append(result)
    steps[len(results)] += 1


def shares(name, counter):
    total = sum(counter.values())
    print(name, {key: round(count / total, 3) for key, count in sorted(counter.items(), key=lambda item: -item[1])})


shares("calculations per problem", steps)
shares("operators", operators)
shares("numbers per calculation", operands)
shares("calculations after the first", earlier)
shares("of those that use the last result", first)
shares("numbers", integers)
