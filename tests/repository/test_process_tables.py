"""The tables of docs/process.md say what the code says, row by row and in both directions."""

import ast
import re
from collections.abc import Iterator

from docpipeline.models.compliance import ComplianceVerdict, review_reasons
from docpipeline.models.extraction import Extraction
from docpipeline.models.policy import ProcessingPolicy
from orchestrators import retry_policies
from orchestrators.retry_policies import RetryPolicy
from tests.repository.files import ROOT

PROCESS = (ROOT / "docs" / "process.md").read_text()
POLICIES = {name: value for name, value in vars(retry_policies).items() if isinstance(value, RetryPolicy)}


def rows(*header: str) -> list[list[str]]:
    """The cells of the table whose header begins with these columns."""
    after = PROCESS.split(f"| {' | '.join(header)} |", 1)[1].splitlines()[2:]
    table = after[: next(number for number, line in enumerate(after) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def figures(policy: RetryPolicy) -> list[str]:
    """The attempts, first pause, factor and longest pause as the table has them."""
    pauses = [f"{pause.total_seconds():g} s" for pause in (policy.first_interval, policy.max_interval)]
    return [str(policy.max_attempts), pauses[0], f"{policy.backoff:g}", pauses[1]]


def activities_with_policies() -> Iterator[tuple[str, str]]:
    """Each activity that an orchestrator calls, with the name of its policy: from the calls that have both."""
    for path in (ROOT / "orchestrators").glob("*.py"):
        tree = ast.parse(path.read_text())
        names = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            policies = [
                found.attr for found in arguments if isinstance(found, ast.Attribute) and found.attr in POLICIES
            ]
            texts = [found.value for found in arguments if isinstance(found, ast.Constant)]
            texts += [names[found.id] for found in arguments if isinstance(found, ast.Name) and found.id in names]
            yield from ((str(text), policy) for text in texts for policy in policies)


def test_the_table_of_retries_has_each_policy_with_its_numbers() -> None:
    table = {row[0].strip("`"): row[1:5] for row in rows("Retries", "Attempts")}
    assert table == {name: figures(policy) for name, policy in POLICIES.items()}


def test_every_pause_has_the_jitter_that_the_page_names() -> None:
    found = re.search(r"up to (\d+) % of jitter", PROCESS)
    assert found
    assert {policy.jitter for policy in POLICIES.values()} == {int(found[1]) / 100}


def test_the_table_of_boxes_names_the_policy_of_each_activity() -> None:
    table = {
        (activity, policy)
        for row in rows("Box", "File")
        for activity in re.findall(r"\[activities/(\w+)\.py\]", row[1])
        for policy in re.findall(r"`([A-Z]+)`", row[3])
    }
    assert table == set(activities_with_policies())


def test_the_table_of_review_reasons_has_each_reason() -> None:
    verdict = ComplianceVerdict(is_compliant=False, confidence=None, issue_count=1, understood=False)
    worst = Extraction.model_construct(
        confidence=None, low_confidence_share=1.0, doubtful_pages=(1,), unmapped_share=1.0
    )
    policy = ProcessingPolicy.model_construct(
        compliance_confidence_threshold=1.0,
        extraction_confidence_threshold=1.0,
        extraction_low_words_threshold=0.0,
    )
    documented = [row[0].strip("`") for row in rows("Reason", "Meaning")]
    assert sorted(documented) == sorted(review_reasons(verdict, worst, policy))
