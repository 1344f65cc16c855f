"""Templates: syntax, values, functions and errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_gateway.errors import QueryError
from log_gateway.templates.compiler import compile_template
from log_gateway.templates.errors import TemplateFailed

LABELS = {
    "path": "/a b",
    "status": "200",
    "took": "1.5s",
    "empty": "",
    "json": '{"list":[1,2.5,{"b":"x"}],"none":null,"map":{"k":"v"},"big":1000000}',
    "date": "2024-02-29 13:04:05",
}
NANOSECONDS = 1_700_000_000_123_456_789  # 2023-11-14T22:13:20.123456789Z, a Tuesday


def render(template: str) -> str:
    return compile_template(template)(LABELS, "The LINE", NANOSECONDS)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("text }} \\n", "text }} \\n"),
        ("{{.path}} {{ .nothing }}|{{ $.status }}", "/a b |200"),
        ("{{ __line__ }} {{ __line__ | lower }}", "The LINE the line"),
        ("a  {{- .status -}}  b", "a200b"),
        ("a {{/* comment */}} b{{- /* c */ -}} c", "a  bc"),
        (
            "{{ `raw \\n` }}{{ \"\\t\\u00e9\" }}{{ 'a' }}{{ 5 }}{{ -1.50 }}{{ true }}{{ 0x10 }}",
            "raw \\n\té975-1.5true16",
        ),
        ("{{ if .path }}yes{{ else }}no{{ end }}{{ if .empty }}yes{{ else }}no{{ end }}", "yesno"),
        ('{{ if eq .status "404" }}a{{ else if eq .status "200" }}b{{ else }}c{{ end }}', "b"),
        ("{{ if and .path (not .empty) }}x{{ end }}", "x"),
        ('{{ or .empty "fallback" }}{{ and .path .empty }}', "fallback"),
        ("{{ with .status }}<{{ . }}{{ $.path }}>{{ end }}{{ with .empty }}x{{ else }}y{{ end }}", "<200/a b>y"),
        ("{{ $x := .status }}{{ $x }}{{ $x = .path }}{{ $x }}", "200/a b"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"),
        ("{{ range $i, $e := (fromJson .json).list }}{{ $i }}:{{ $e }};{{ end }}", "0:1;1:2.5;2:map[b:x];"),
        (
            "{{ range (fromJson .json).map }}{{ . }}{{ end }}{{ range (fromJson .json).none }}x{{ else }}y{{ end }}",
            "vy",
        ),
        (
            "{{ $j := fromJson .json }}{{ $j.map.k }}{{ index $j.list 1 }}{{ $j.none }}{{ $j.big }}",
            "v2.5<no value>1e+06",
        ),
        ('{{ .path | replace " " "_" | trunc 3 | upper }}', "/A_"),
        (
            '{{ printf "%s|%5d|%-5s|%05.1f|%q|%x|%t|%%|%v" .status 42 "ab" 3.14159 .path 255 true 1e21 }}',
            '200|   42|ab   |003.1|"/a b"|ff|true|%|1e+21',
        ),
        ('{{ printf "%d %s" "x" }}', "%!d(string=x) %!s(MISSING)"),
        ('{{ printf "x" 1 }}', "x%!(EXTRA int=1)"),
        ('{{ print 1 2 "a" 3 }}{{ println "x" }}', "1 2a3x\n"),
    ],
)
def test_syntax(template: str, expected: str) -> None:
    """Templates have the syntax of Go's text/template."""
    assert render(template) == expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('ToLower "ÀB"', "àb"),
        ('upper "ab"', "AB"),
        ('title "hello big-world 3x"', "Hello Big-World 3x"),
        ('Replace "aaa" "a" "b" 2', "bba"),
        ('"a.b.c" | replace "." "-"', "a-b-c"),
        ('Trim "xxaxx" "x"', "a"),
        ('TrimLeft "xxaxx" "x"', "axx"),
        ('TrimRight "xxaxx" "x"', "xxa"),
        ('TrimPrefix "xxa" "x"', "xa"),
        ('"  a " | trim', "a"),
        ('trimAll "$" "$5$"', "5"),
        ('trimSuffix "-" "a--"', "a-"),
        ('trunc 2 "héllo"', "hé"),
        ('trunc -2 "héllo"', "lo"),
        ('substr 1 3 "héllo"', "él"),
        ('substr -1 2 "abc"', "ab"),
        ('contains "b" "abc"', "true"),
        ('hasPrefix "ab" "abc"', "true"),
        ('hasSuffix "ab" "abc"', "false"),
        ('repeat 3 "ab"', "ababab"),
        ('indent 2 "a\\nb"', "  a\n  b"),
        ('nindent 1 "a"', "\n a"),
        ('alignLeft 5 "abc"', "abc  "),
        ('alignLeft 2 "abc"', "ab"),
        ('alignRight 5 "abc"', "  abc"),
        ('alignRight 2 "abc"', "bc"),
        ('regexReplaceAll "(a+)(b)" "aab ab" "${2}$1"', "baa ba"),
        ('regexReplaceAllLiteral "a+" "aab" "$1"', "$1b"),
        ('count "a|b" "abcab"', "4"),
        ('default "d" .empty', "d"),
        ('.status | default "d"', "200"),
        ("len .path", "4"),
        ("add 1 2 .status", "203"),
        ("sub 5 7", "-2"),
        ("mul 2 3 4", "24"),
        ("div -7 2", "-3"),
        ("mod -7 2", "-1"),
        ("addf 0.1 0.2", "0.3"),
        ("subf 1 0.9", "0.1"),
        ("mulf 1.5 2", "3"),
        ("divf 1 4", "0.25"),
        ("max 1 3 2", "3"),
        ("min 1 3 2", "1"),
        ("maxf 1 3.5", "3.5"),
        ("minf 1 3.5", "1"),
        ("round 2.345 1", "2.3"),
        ("ceil 1.1", "2"),
        ("floor -1.1", "-2"),
        ('int "42"', "42"),
        ('int "x"', "0"),
        ("int 2.9", "2"),
        ('float64 "1.5"', "1.5"),
        ("duration .took", "1.5"),
        ('duration_seconds "2m"', "120"),
        ('bytes "2KiB"', "2048"),
        ('b64enc "é"', "w6k="),
        ('b64dec "w6k="', "é"),
        ('urlencode "a b&ü/"', "a+b%26%C3%BC%2F"),
        ('urldecode "a+b%26"', "a b&"),
        ('eq .status "404" "200"', "true"),
        ("ne 1 2", "true"),
        ("lt 1.5 2.5", "true"),
        ('ge "b" "a"', "true"),
        ("not 0", "true"),
        ("__timestamp__", "2023-11-14 22:13:20.123456789 +0000 UTC"),
        ('__timestamp__ | date "2006-01-02T15:04:05.000Z07:00"', "2023-11-14T22:13:20.123Z"),
        ('date "Mon Jan _2 3:04PM 06 002 -0700" __timestamp__', "Tue Nov 14 10:13PM 23 318 +0000"),
        ("unixEpoch __timestamp__", "1700000000"),
        ("unixEpochMillis __timestamp__", "1700000000123"),
        ("unixEpochNanos __timestamp__", "1700000000123456789"),
        ('toDate "2006-01-02 15:04:05" .date | unixEpoch', "1709211845"),
        ('toDateInZone "2006-01-02 15:04:05" "America/New_York" .date | unixEpoch', "1709229845"),
        ('unixToTime "1700000000" | date "2006"', "2023"),
        ('toDate "2006-01-02T15:04:05Z07:00" "2024-01-01T00:00:00.5+02:00" | unixEpochMillis', "1704060000500"),
    ],
)
def test_functions(action: str, expected: str) -> None:
    """Templates have Loki's functions, with their argument order."""
    assert render("{{ " + action + " }}") == expected


@pytest.mark.parametrize(
    "action",
    [
        ".path.x",
        "eq .status 200",
        "lower 5",
        "div 1 0",
        "divf 1 0",
        'regexReplaceAll "(" "a" "b"',
        'duration "x"',
        'fromJson "{"',
        '"x" | toDate "2006"',
        'repeat 2000000 "a"',
        'index "a" 5',
        '(fromJson "null").x',
        'urldecode "%zz"',
        'unixToTime "12"',
    ],
)
def test_what_fails_on_a_line(action: str) -> None:
    """A template that fails on a line raises ``TemplateFailed``, which marks the line and does not stop the query."""
    with pytest.raises(TemplateFailed):
        render("{{ " + action + " }}")


@pytest.mark.parametrize(
    "template",
    [
        "{{",
        "{{ .a",
        "{{ }}",
        "{{ nope }}",
        "{{ .a | nope }}",
        "{{ lower }}",
        "{{ lower .a .b }}",
        "{{ replace .a }}",
        "{{ .a .b }}",
        '{{ "a" | "b" }}',
        "{{ $x }}",
        "{{ if .a }}",
        "{{ if }}x{{ end }}",
        "{{ end }}",
        "{{ else }}",
        "{{ if .a }}{{ else }}{{ else }}{{ end }}",
        '{{ define "x" }}{{ end }}',
        '{{ template "x" }}',
        "{{ range .a }}{{ break }}{{ end }}",
        "{{ (.a }}",
        "{{ .a) }}",
        '{{ "a }}',
        '{{ "\\q" }}',
        "{{ call .a }}",
        "{{ html .a }}",
        "{{ .a | }}",
        "{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}",
        "{{ " + "(" * 40 + ".a" + ")" * 40 + " }}",
        "{{ if .a }}" * 40 + "{{ end }}" * 40,
    ],
)
def test_what_is_refused(template: str) -> None:
    """Invalid and unsupported syntax is refused before any line is read."""
    with pytest.raises(QueryError, match="template"):
        compile_template(template)


@pytest.mark.parametrize("depth", [300, 900, 100_000])
def test_deep_json_fails_on_the_line(depth: int) -> None:
    """Deeply nested JSON either fails on its line or is printed, and does not stop the query."""
    assert outcome("{{ fromJson .a }}", "[" * depth + "]" * depth) in (None, "[" * depth + "]" * depth)


def test_huge_widths_are_no_widths() -> None:
    """Huge widths neither exhaust the memory nor stop the query."""
    assert outcome('{{ printf "%99999d" 5 }}') is None
    assert outcome('{{ printf "%' + "9" * 5_000 + 'd" 5 }}') is None


def test_output_is_bounded_and_valid() -> None:
    """Loops cannot exhaust the memory, and lone surrogates are replaced."""
    loops = "{{ $l := fromJson .l }}{{ range $l }}{{ range $l }}" + "x" * 200 + "{{ end }}{{ end }}"
    with pytest.raises(TemplateFailed, match="longer"):
        compile_template(loops)({"l": "[" + ",".join("1" * 100) + "]"}, "", 0)
    assert compile_template("{{ fromJson .j }}")({"j": r'"\ud800"'}, "", 0) == "?"


ACTIONS = st.lists(
    st.sampled_from(
        ["{{", "}}", ".a", "$x", ":=", "|", "(", ")", '"s"', "if", "end", "range", "lower", "add", "1", " ", "-"]
    )
).map("".join)


def outcome(template: str, label: str = "1") -> str | None:
    """Return the rendered text; None if the template is refused or fails."""
    try:
        return compile_template(template)({"a": label}, "", 0)
    except (QueryError, TemplateFailed):
        return None


@settings(deadline=None)
@given(st.one_of(st.text(), ACTIONS, ACTIONS.map(lambda text: "{{" + text + "}}")))
def test_no_template_raises_anything_else(template: str) -> None:
    """Any text is a valid template, is refused, or fails on the line."""
    assert outcome(template) is not None or "{{" in template
