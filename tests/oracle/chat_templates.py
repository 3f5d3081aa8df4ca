"""What Jinja2, as transformers sets it up for chat templates, makes of small templates that use one thing each.

Writes tests/fixtures/chat_templates.json: the variables, and per template the output, or null where Jinja2 fails, or
"refused" where it does not but spark does, by name. src/processor/template/tests.rs compares. Left out is what spark
writes otherwise, all of it printing what no prompt shows: tuples and pairs of `.items()` as lists, iterators as lists,
and `and`, `or` and `~` between constants. Run with transformers and jinja2 installed:

    python tests/oracle/chat_templates.py
"""

import copy
import json
from pathlib import Path

from transformers.utils.chat_template_utils import _compile_jinja_template

OUT = Path(__file__).parent.parent / "fixtures" / "chat_templates.json"

VARIABLES = {'messages': [{'role': 'system', 'content': 'Be brief.'},
              {'role': 'user', 'content': 'Hi <b>&\'"</b> é 世 \u2028'},
              {'role': 'assistant', 'content': '  Yes\n'}],
 'tool': {'zeta': 1, 'alpha': {'b': [1, 2.5, None, True], 'a': 'x/y<z>'}, '_m': 'é'},
 'text': '  one two  three\ttwo\n',
 'n': 7,
 'neg': -7,
 'f': 2.0,
 'tiny': 1e-07,
 'big': 1e+16,
 'third': 0.3333333333333333,
 'none': None,
 'yes': True,
 'no': False,
 'empty': '',
 'xs': [3, 1, 2, 5, 4],
 'words': ['b', 'A', 'c', 'a'],
 'people': [{'name': 'x', 'age': 3}, {'name': 'y', 'age': 2}, {'name': 'z'}],
 'parts': [{'type': 'text', 'text': 'a'}, {'type': 'image'}, {'type': 'text', 'text': 'b'}]}

TEMPLATES = [
    '{{ tool | tojson }}',
    '{{ messages | tojson }}',
    '{{ tool | tojson(indent=2) }}',
    '{{ tool | tojson(indent=4) | safe }}',
    '{{ tool | tojson(sort_keys=true) }}',
    "{{ tool | tojson(separators=(',', ':')) }}",
    '{{ messages[1].content | tojson(ensure_ascii=true) }}',
    '{{ [1.0, 1e-7, 1e16, 123456789.125, 0.1, -0.0] | tojson }}',
    '{{ [] | tojson(indent=2) }}{{ {} | tojson(indent=2) }}',
    '{{ "a\\tb\\n\\\\ \\" / \\u007f \\u0001" | tojson }}',
    '{% for k, v in tool.items() %}{{ k }}={{ v }};{% endfor %}',
    '{% for k in tool.keys() %}{{ k }};{% endfor %}',
    '{% for v in tool.values() %}{{ v }};{% endfor %}',
    '{% for k in tool %}{{ k }};{% endfor %}',
    '{% for k, v in tool | dictsort %}{{ k }};{% endfor %}',
    '{% for k, v in tool | dictsort(reverse=true) %}{{ k }};{% endfor %}',
    '{% for k, v in tool | items %}{{ k }};{% endfor %}',
    "{{ {'b': 2, 'a': 1} }}",
    '{{ tool.items() | list | length }}',
    '{% generation %}x{% endgeneration %}',
    '{% for m in messages %}{% generation %}{{ m.role }}{{ loop.index }}{% endgeneration %}{% endfor %}',
    "{% for m in messages %}\n  {%- if m.role == 'assistant' %}\n    {%- generation -%}\n  {{ m.content }}\n    {%- endgeneration -%}\n  {% endif %}\n{% endfor %}",
    '{% generation %}{% set q = 1 %}{% endgeneration %}{{ q is defined }}',
    '{%+ generation +%} a {%+ endgeneration +%} b',
    '{{ none }}{{ yes }}{{ no }}{{ f }}{{ tiny }}{{ big }}{{ third }}',
    '{{ none ~ yes ~ f ~ n }}',
    '{{ [none, yes, f, tiny, \'a\', "it\'s", \'q"q\', "both \' and \\""] }}',
    "{{ {'a': none, 'b': true, 'c': [1.5, {'d': 'e'}]} }}",
    '{{ tool }}',
    '{{ tool | string }}',
    '{{ xs | string }}{{ none | string }}{{ yes | string }}',
    "{{ 'é世\\n\\t\\\\' | list }}",
    '{{ 7 // 2 }} {{ n // 2 }} {{ neg // 2 }} {{ n // -2 }} {{ neg % 3 }} {{ n % -3 }} {{ -7.5 // 2 }}',
    '{{ n / 2 }} {{ n / 7 }} {{ 8 / 4 }} {{ n ** 2 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ n * 1.5 }} {{ f + n }}',
    '{{ 10000000000000000000000 }} {{ 2 ** 70 }} {{ 9223372036854775807 + 1 }}',
    '{{ 1e3 }} {{ 1.50 }} {{ 1_000 }}',
    '{{ "%s" % "a" }} {{ "%s-%s" % ("a", 3) }} {{ "%d%%" % 5 }}',
    '{{ "{} {0}" }} {{ "{} {}".format("a", 1) }} {{ "{0}{1}{0}".format("a", "b") }} {{ "{x:>4}|{y:.2f}".format(x=1, y=2.0) }}',
    '{{ "ab" * 3 }} {{ [1] * 3 }} {{ 3 * "x" }} {{ "x" * -1 }}',
    '{{ "a" + "b" }} {{ [1] + [2] }}',
    '{{ "a" + 1 }}',
    '{{ 1 + "a" }}',
    '{{ none + "a" }}',
    '{{ "a" < "b" }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ true == 1 }} {{ "1" == 1 }}',
    '{{ "a" in "cat" }} {{ 1 in [1, 2] }} {{ "zeta" in tool }} {{ "q" not in tool }} {{ \'x\' in none }}',
    '{{ text[2:5] }}|{{ text[-3:] }}|{{ text[:-3] }}|{{ text[::-1] }}|{{ text[::2] }}|{{ text[5:2] }}|{{ text[5:2:-1] }}|{{ text[-1] }}|{{ text[0] }}|{{ text[100:] }}',
    '{{ xs[1:] }}{{ xs[-2:] }}{{ xs[:-1] }}{{ xs[::-1] }}{{ xs[3:0:-1] }}{{ xs[::-2] }}{{ xs[-1] }}{{ xs[:2] }}{{ xs[10:] }}{{ xs[-10:2] }}{{ xs[2::-1] }}{{ xs[:1:-1] }}',
    '{{ xs[1:] | length }} {{ messages[1:] | length }} {{ messages[::-1][0].role }}',
    '{% for m in messages[::-1] %}{{ loop.index0 }}{{ m.role }}{% endfor %}',
    '{% for m in messages | reverse %}{{ m.role }}{% endfor %}',
    "{{ messages[-1]['role'] }} {{ (messages | last).role }} {{ (messages | first)['role'] }}",
    "{{ messages[10] is defined }} {{ messages[0].foo is defined }} {{ messages[0]['foo'] }}|{{ messages[0].get('foo') }}|{{ messages[0].get('foo', 'd') }}",
    '{{ foo.bar }}',
    "{{ foo }}|{{ foo is undefined }}|{{ foo | default('d') }}|{{ none | default('d') }}|{{ none | default('d', true) }}|{{ empty | default('d', true) }}|{{ none | d('x', boolean=true) }}",
    "{{ text.strip() }}|{{ text.strip('\\n ') }}|{{ text.lstrip() }}|{{ text.rstrip('\\n') }}|{{ text.rstrip() }}|",
    "{{ text | trim }}|{{ 'xxaxx' | trim('x') }}|{{ 'xxaxx'.strip('x') }}|{{ '  ' | trim | length }}",
    "{{ text.split() }}{{ text.split('two') }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ 'a b'.split(' ')[-1] }}{{ ''.split(',') }}{{ 'a</think>b'.split('</think>')[-1].lstrip('\\n') }}",
    "{{ 'a\\nb\\r\\nc'.splitlines() }}{{ 'a\\nb'.splitlines(true) }}",
    "{{ 'abc'.startswith('a') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'abc'.find('c') }}{{ 'abc'.index('b') }}{{ 'aXbX'.replace('X', '-') }}{{ 'aXbX'.replace('X', '-', 1) }}{{ 'aXbX' | replace('X', '-') }}{{ 'aXbX' | replace('X', '-', 1) }}",
    '{{ \'ab c\'.upper() }}{{ \'AB\'.lower() }}{{ \'ab cd\'.title() }}{{ \'ab cd\'.capitalize() }}{{ \'aB\'.swapcase() }}{{ \'ab\' | upper }}{{ \'AB\' | lower }}{{ "it\'s a-b" | title }}{{ "it\'s".title() }}{{ \'AB c\' | capitalize }}',
    "{{ 'a'.join(['x', 'y']) }}{{ ['x', 1, none] | join('-') }}{{ people | join(', ', attribute='name') }}{{ 'abc' | join('.') }}",
    "{{ 'abc'.isdigit() }}{{ '12'.isdigit() }}{{ ''.isdigit() }}{{ 'ab1'.isalnum() }}{{ ' '.isspace() }}{{ ''.isspace() }}{{ 'Ab'.islower() }}{{ 'ab1'.islower() }}{{ '½'.isnumeric() }}{{ '½'.isdigit() }}",
    "{{ 'removeprefix'.removeprefix('re') }}{{ 'x.txt'.removesuffix('.txt') }}",
    "{{ text | length }}{{ '世界' | length }}{{ tool | length }}{{ xs | count }}",
    "{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(2, blank=true) }}|{{ 'a\\nb' | indent(width='--') }}",
    "{{ xs | sort }}{{ words | sort }}{{ words | sort(case_sensitive=true) }}{{ xs | sort(reverse=true) }}{{ people[:2] | sort(attribute='age') | map(attribute='name') | list }}",
    "{{ xs | first }}{{ xs | last }}{{ [] | first }}|{{ xs | reverse | list }}{{ 'abc' | reverse }}{{ 'abc' | first }}{{ 'abc' | last }}",
    "{{ people | selectattr('age', 'defined') | map(attribute='name') | list }}{{ people | rejectattr('age') | list }}{{ xs | select('odd') | list }}{{ xs | reject('gt', 2) | list }}{{ people | selectattr('name', 'equalto', 'x') | list | length }}{{ parts | selectattr('type', '==', 'text') | map(attribute='text') | join }}{{ messages | selectattr('role', 'in', ['user', 'system']) | list | length }}",
    "{{ words | map('upper') | list }}{{ people | map(attribute='age', default=0) | list }}{{ xs | map('string') | join('') }}",
    "{{ people | groupby('name') | list | length }}{% for g in [{'a': 1, 'b': 2}, {'a': 1, 'b': 3}] | groupby('a') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}{% for k, g in [{'a': 1}] | groupby('a') %}{{ k }}{{ g | length }}{% endfor %}",
    '{{ xs | batch(2) | list }}{{ xs | slice(2) | list }}{{ xs | batch(2, 0) | list }}',
    "{{ dict(a=1, b=2) }}{{ {'a': 1}.update }}",
    '{{ dict(tool, q=1) | length }}',
    "{{ namespace(a=1).a }}{% set ns = namespace(x=0, y='a') %}{% for i in xs %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z is defined }}",
    '{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 3 %}{% endif %}{{ x }}',
    '{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set s %}q{{ a }}{% endset %}{{ s }}{{ s | length }}{% set u | upper %}abc{% endset %}{{ u }}',
    '{% for a, b in [[1, 2], [3, 4]] %}{{ a }}{{ b }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.depth }}{{ loop.previtem is defined }}{{ loop.nextitem }}{% endfor %}',
    "{% for m in messages %}{% if loop.previtem is defined and loop.previtem.role == 'user' %}after{% endif %}{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }}{% endfor %}",
    '{% for x in xs if x > 2 %}{{ loop.index }}{{ x }}{% else %}none{% endfor %}{% for x in [] %}{% else %}none{% endfor %}',
    '{% for x in xs %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}',
    '{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}',
    '{% macro f(a) %}{{ a }}{{ caller() }}{% endmacro %}{% call f(1) %}in{% endcall %}',
    "{% macro f(x) %}[{{ x }}]{% endmacro %}{{ f('a') | upper }}{{ f('a') ~ 'b' }}{{ f(1) | length }}",
    '{% filter upper %}abc{{ n }}{% endfilter %}',
    '{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}',
    "{{ 'a' if yes else 'b' }}{{ 'a' if no }}|{{ ('a' if no) is defined }}",
    "{{ tool is mapping }}{{ xs is mapping }}{{ xs is sequence }}{{ 'a' is sequence }}{{ tool is sequence }}{{ 'a' is iterable }}{{ xs is iterable }}{{ tool is iterable }}{{ 1 is iterable }}{{ none is none }}{{ 'a' is string }}{{ 1 is string }}",
    "{{ 1 is number }}{{ 1.0 is number }}{{ true is number }}{{ '1' is number }}{{ 1 is integer }}{{ true is integer }}{{ 1.0 is float }}{{ 1 is float }}{{ true is boolean }}{{ 1 is boolean }}{{ true is true }}{{ 1 is true }}{{ false is false }}{{ none is false }}",
    '{{ messages[0] is mapping and messages[0].content is not mapping }}',
    "{{ messages | map(attribute='role') | join(', ') }}",
    "{{ tool.alpha.b[3] }}{{ tool['alpha']['a'] }}{{ tool.alpha['b'][0] }}",
    '{{ "a" "b" }}',
    "{{ 'line\\nbreak' }}{{ '\\x41\\u0042' }}",
    'a  {%- if yes %} b {%- endif %} c',
    '  {% if yes %}\n  x\n  {% endif %}',
    'y',
    "{{ '  x' }}   {{- 'y' -}}   z",
    "{%- set q = 'v' -%}",
    '{{ q }}',
    '',
    '{{ 1 }}',
    '{{ 1 if messages | length > 2 else 0 }}{{ 1 < 2 < 3 }}',
    "{{ messages[0]['content'] if messages[0]['role'] == 'system' else 'none' }}",
    "{{ raise_exception('no') }}",
    "{% if not foo is defined %}{% set foo = 'x' %}{% endif %}{{ foo }}",
    "{% set foo = foo if foo is defined else 'y' %}{{ foo }}",
    '{{ xs.append(1) }}',
    "{{ {'a': 1}.get('a') }}{{ xs.index(2) }}{{ xs.count(3) }}{{ tool.get('zeta', 0) }}{{ tool.pop('zeta') }}",
    '{% do xs.append(1) %}',
    '{% set xs2 = xs + [9] %}{{ xs2 | length }}{{ xs2[-1] }}{{ xs2[5] }}',
    "{{ 'a' | upper | lower ~ 'b' }}{{ -1 | abs }}{{ 1 + 2 | string | int }}",
    "{{ 1 | tojson }}{{ none | tojson }}{{ true | tojson }}{{ 'a' | tojson }}{{ 1.0 | tojson }}",
    '{{ undefined_thing | tojson }}',
    '{{ xs | tojson(indent=0) }}',
    "{{ 'x' | foofilter }}",
    "{{ messages | list | length }}{{ messages | selectattr('role', 'equalto', 'user') | first }}",
    "{{ 'abc'[1] }}{{ 'abc'[-1] }}{{ 'é世'[1] }}{{ 'abc'[5] is defined }}",
    '{{ messages[0].role.upper() }}{{ messages[0][\'role\'] | upper }}{{ messages[0]["content"][:2] }}',
    "{{ text.strip().split()[0] }}{{ (text | trim).split(' ') | length }}",
    "{{ 5 | string | length }}{{ 1.0 | string }}{{ [] | string }}{{ '' | string }}",
    "{{ (1 if yes) ~ '' }}{{ n is defined and n }}{{ n | float }}{{ n | int }}",
    '{{ 0.1 + 0.2 }}{{ 100.0 }}{{ 1e100 }}{{ 123456789012345680.0 }}{{ 1e15 }}{{ 1e22 }}{{ 5e-324 }}{{ 0.0001 }}{{ 0.00001 }}',
    "{{ {1: 'a', 'b': 2}[1] }}{{ {true: 1} }}{{ {'a': 1} == {'a': 1} }}{{ [1] == [1] }}",
    "{%- for m in messages -%}\n    {{- '<|' + m.role + '|>' -}}\n{%- endfor -%}",
    "{% include 'x' %}",
    '{% block a %}x{% endblock %}',
    "{% import 'x' as y %}",
    "{{ '\\n' in 'a\\nb' }}{{ messages | length - 1 }}{{ (messages | length) - 1 }}{{ messages|length-1 }}",
    "{{ text | replace(' ', '') | replace('\\n', '|') }}",
    "{{ [1, [2, [3]]] }}{{ ['a', ['b']] | string }}",
    '{{ \'a%\' }}{{ \'a%%b\' }}{{ "50%" ~ 1 }}',
    '{% raw %}{% generation %}{{ x }}{% endraw %}',
    '{# {% generation %} #}a',
    "{{ '{% generation %}' }}",
    'a\n\n{% if yes %}\n\nb\n{% endif %}\n\n',
    'a\r\nb {{ n }}\r\n{% if yes %}\r\nc{% endif %}',
    '{{ n }}\n',
    '{{ n }}\n\n',
    '  {# c #}\n x\n',
    '{%- if yes %}\n  {{- n }}\n{%- else %}\n{%- endif %}\n{{ n }}\n',
    '\t{% if yes %}\n\tq\n\t{% endif %}\nz',
    'a {%+ if yes %}b{% endif +%}\nc',
]

REFUSED = [
    "{% for k, v in {'b': 2, 'a': 1, 'C': 3} | dictsort(false, 'value') %}{{ k }};{% endfor %}",
    '{{ "%s and %d %.2f %5s|%-5s|%05d %x %r" | format("a", 3, 2.5, "x", "y", 42, 255, "q") }}',
    "{{ 'ab'.center(6) }}|{{ 'ab'.ljust(5) }}|{{ 'ab'.rjust(5, '.') }}|{{ '7'.zfill(3) }}|{{ 'ab' | center(6) }}|",
    "{{ 'a\\tb'.expandtabs(4) }}{{ 'ß'.casefold() }}",
    "{{ text | wordcount }}{{ 'a b c d' | truncate(3) }}{{ 'hello world foo' | truncate(9) }}{{ 'hello world' | truncate(5, true, '') }}",
    "{{ xs | min }}{{ xs | max }}{{ xs | sum }}{{ people[:2] | sum(attribute='age') }}{{ xs | unique | list }}{{ words | unique | list }}",
    "{{ '3' | int }}{{ 'x' | int }}{{ 'x' | int(5) }}{{ '3.7' | int }}{{ 3.9 | int }}{{ '0x1f' | int(base=16) }}{{ '2.5' | float }}{{ 'x' | float }}{{ 2.567 | round(1) }}{{ 2.5 | round }}{{ 3.5 | round }}{{ 2.1 | round(0, 'ceil') }}{{ 7 | round }}{{ -3 | abs }}",
    "{{ 4 is even }}{{ 3 is odd }}{{ 9 is divisibleby(3) }}{{ 1 is eq(1) }}{{ 2 is gt(1) }}{{ 1 is in([1]) }}{{ none is sameas none }}{{ 'a' is lower }}{{ 'A' is upper }}{{ f is callable }}{{ range is callable }}{{ 'upper' is filter }}{{ 'odd' is test }}",
    "{{ tool | attr('zeta') }}{{ people[0] | attr('name') }}",
    "{{ 'a b' | wordwrap(1) }}{{ 123456 | filesizeformat }}{{ [1,2] | pprint }}{{ {'a': 1} | xmlattr }}",
]


def rendered(template):
    try:
        return _compile_jinja_template(template).render(**copy.deepcopy(VARIABLES))
    except Exception:
        return None


def main():
    cases = [{"template": template, "expected": rendered(template)} for template in TEMPLATES]
    assert all(rendered(template) is not None for template in REFUSED)
    cases += [{"template": template, "refused": True} for template in REFUSED]
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUT.write_text(f'{{"variables": {json.dumps(VARIABLES)},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
