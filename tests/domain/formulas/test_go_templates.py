"""Go's templates, as far as convoys have them."""

import pytest

from gastown_tmux.domain.formulas.go_templates import parse_template, render

CONTEXT = {
    "a": "A", "none": "", "zero": 0, "no": False, "empty": [], "leg": {"id": "x"},
    "changed_files": [{"path": "p", "additions": 1, "deletions": 2}, {"path": "q", "additions": 3, "deletions": 4}],
    "files": ["f", "g"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain {braces} }} {", "plain {braces} }} {"),
        ("{{.a}}/{{ .leg.id }}", "A/x"),
        ("{{.missing}}|{{.leg.missing}}", "|"),
        ("{{if .a}}yes{{else}}no{{end}}", "yes"),
        ("{{if .none}}yes{{else}}no{{end}}", "no"),
        ("{{if .zero}}1{{end}}{{if .no}}2{{end}}{{if .empty}}3{{end}}{{if .missing}}4{{end}}", ""),
        ("{{range .files}}<{{.}}>{{end}}", "<f><g>"),
        ("{{range .missing}}<{{.}}>{{end}}", ""),
        ("{{if .files}}{{range .files}}{{.}}{{end}}{{else}}none{{end}}", "fg"),
        ("x {{- .a -}} y", "xAy"),
        ("{{if .a -}}\nPR\n{{end -}}\nend", "PR\nend"),
        ("{{range .changed_files -}}\n- {{.path}} +{{.additions}}\n{{end -}}\n|", "- p +1\n- q +3\n|"),
        ("{{.files}}", "f g"),
    ],
)  # fmt: skip
def test_what_it_shows(text: str, shown: str) -> None:
    assert render(parse_template(text), CONTEXT) == shown


def test_values_are_never_read_again() -> None:
    assert render(parse_template("{{.a}}"), {"a": "{{.b}}", "b": "no"}) == "{{.b}}"
